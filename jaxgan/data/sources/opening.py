"""Opens the source that a text ``KIND:REST`` names, as streams of examples."""

import functools
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from jaxgan.data.config import Data
from jaxgan.data.examples import Source
from jaxgan.data.sources import (
    breast_cancer,
    digits,
    digits_on_photos,
    folder,
    idx,
    masks,
    npz,
    paired,
    photos,
    points,
    series,
    table,
    unpaired,
)
from jaxgan.errors import InputError, did_you_mean


def open_streams(data: Data) -> dict[str, Source]:
    """The source in ``data.source``, as the stream ``""``; two domains as ``a`` and ``b``.

    The last two sources are cached and not opened again unless their files have changed.

    Raises:
      InputError: the kind is unknown, or the source cannot be opened.
    """
    kind, colon, rest = data.source.partition(":")
    forms = {name: f"{name}:{what}" if what else name for name, (what, _, _) in _KINDS.items()}
    if kind not in _KINDS:
        *most, last = forms.values()
        raise InputError(
            f"data.source: {kind!r} is not a kind of data: {did_you_mean(kind, _KINDS)}use"
            f" {', '.join(most)} or {last}"
        )
    what, has_splits, _ = _KINDS[kind]
    if what and not rest:
        raise InputError(f"data.source: {kind} needs {what}: write {forms[kind]}")
    if colon and not what:
        raise InputError(f"data.source: {kind} takes nothing after it: write {kind}")
    if not has_splits and data.split != "train":
        raise InputError(
            f"data.split: {kind} has no split {data.split!r}, only train: "
            "name other files in data.source"
        )
    if data.target is not None and kind != "table":
        raise InputError(
            f"data.target: {data.target!r} is a column of a table, and {kind} has none: leave it"
            " out, or use table:FILE.csv"
        )
    names = ("source", "split", "tfds_dir", "target", "past", "future")
    deciding = replace(Data(), **{name: getattr(data, name) for name in names})
    return dict(_opened(deciding, _stamp(rest)))


@functools.lru_cache(maxsize=2)
def _opened(data: Data, stamp: tuple[int, ...]) -> dict[str, Source]:
    """The streams, cached by the fields that determine them and the state of the files."""
    del stamp
    kind, _, rest = data.source.partition(":")
    opened = _KINDS[kind][2](rest, data)
    return {"": opened} if isinstance(opened, Source) else opened


def _stamp(rest: str) -> tuple[int, ...]:
    """Modification times of the named files and folders, and of the direct subfolders."""
    times = []
    for text in {rest, *rest.split(",")} if rest else ():
        path = Path(text).expanduser()
        if path.is_dir():
            times += [e.stat().st_mtime_ns for e in os.scandir(path) if e.is_dir()]
        if path.exists():
            times.append(path.stat().st_mtime_ns)
    return tuple(sorted(times))


def _open_tfds(name: str, data: Data) -> dict[str, Source]:
    from jaxgan.data.sources import tfds  # Imported late: it imports TensorFlow.

    return tfds.open_tfds(name, data.split, data.tfds_dir)


_Opened = Source | dict[str, Source]

_KINDS: dict[str, tuple[str, bool, Callable[[str, Data], _Opened]]] = {
    "digits": ("", False, lambda rest, data: digits.open_digits()),
    "digits_on_photos": ("", False, lambda rest, data: digits_on_photos.open_digits_on_photos()),
    "photos": ("", False, lambda rest, data: photos.open_photos()),
    "points": ("NAME", False, lambda rest, data: points.open_points(rest)),
    "idx": ("PATH", True, lambda rest, data: idx.open_idx(rest, data.split)),
    "npz": ("PATH", False, lambda rest, data: npz.open_npz(rest)),
    "folder": ("PATH", False, lambda rest, data: folder.open_folder(rest)),
    "masks": ("IMAGES,MASKS", False, lambda rest, data: masks.open_masks(rest)),
    "table": ("FILE.csv", False, lambda rest, data: table.open_table(rest, data.target)),
    "breast_cancer": ("", False, lambda rest, data: breast_cancer.open_breast_cancer()),
    "series": (
        "FILE.csv",
        False,
        lambda rest, data: series.open_series(rest, data.past, data.future),
    ),
    "unpaired": (
        "PATH_A,PATH_B",
        True,
        lambda rest, data: unpaired.open_unpaired(rest, data.split),
    ),
    "paired": ("PATH_A,PATH_B", True, lambda rest, data: paired.open_paired(rest, data.split)),
    "photo_tiles": ("", False, lambda rest, data: photos.open_photo_tiles()),
    "tfds": ("NAME", True, _open_tfds),
}
"""Kinds of sources: the form of REST, whether the source has splits, and its opening function."""
