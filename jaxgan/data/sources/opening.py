"""From ``KIND:REST`` to a source of examples."""

import difflib
from collections.abc import Callable

from jaxgan.data.config import Data
from jaxgan.data.examples import Source, Unpaired
from jaxgan.data.sources import digits, folder, idx, npz, paired, photos, unpaired
from jaxgan.errors import InputError

__all__ = ["Source", "Unpaired", "check_batch_size", "image_shape", "open_source"]


def open_source(data: Data) -> Source | Unpaired:
    """The source that ``data.source`` names.

    Raises:
      InputError: the kind is unknown, or what it names cannot be opened.
    """
    kind, colon, rest = data.source.partition(":")
    forms = {name: f"{name}:{what}" if what else name for name, (what, _) in _KINDS.items()}
    if kind not in _KINDS:
        near = difflib.get_close_matches(kind, _KINDS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        *most, last = forms.values()
        raise InputError(
            f"data.source: {kind!r} is not a kind of data: {hint}use {', '.join(most)} or {last}"
        )
    what, opened = _KINDS[kind]
    if what and not rest:
        raise InputError(f"data.source: {kind} needs {what}: write {forms[kind]}")
    if colon and not what:
        raise InputError(f"data.source: {kind} takes nothing after it: write {kind}")
    if kind in ("digits", "photos", "npz", "folder") and data.split != "train":
        raise InputError(
            f"data.split: {kind} has no split {data.split!r}, only train: "
            "name other files in data.source"
        )
    return opened(rest, data)


def image_shape(source: Source | Unpaired, data: Data) -> tuple[int, int, int]:
    """``(height, width, channels)`` of the images in the batches.

    Raises:
      InputError: it is left to two domains that have different numbers of channels.
    """
    return data.image_size, data.image_size, data.channels or source.channels


def check_batch_size(source: Source | Unpaired, data: Data) -> None:
    """Raises InputError where a batch is larger than the data set, or than one of its domains."""
    if isinstance(source, Source):
        size, what = len(source), "the data set"
    else:
        size, what = min((len(source.a), "domain a"), (len(source.b), "domain b"))
    if data.batch_size > size:
        raise InputError(
            f"data.batch_size: {data.batch_size} is larger than {what} ({size} images): "
            f"use --data.batch_size {size} or less"
        )


def _open_tfds(name: str, data: Data) -> Source | Unpaired:
    from jaxgan.data.sources import tfds  # Here, because it imports TensorFlow.

    return tfds.open_tfds(name, data.split, data.tfds_dir)


_KINDS: dict[str, tuple[str, Callable[[str, Data], Source | Unpaired]]] = {
    "digits": ("", lambda rest, data: digits.open_digits()),
    "photos": ("", lambda rest, data: photos.open_photos()),
    "idx": ("PATH", lambda rest, data: idx.open_idx(rest, data.split)),
    "npz": ("PATH", lambda rest, data: npz.open_npz(rest)),
    "folder": ("PATH", lambda rest, data: folder.open_folder(rest)),
    "unpaired": (
        "PATH_A,PATH_B",
        lambda rest, data: unpaired.open_unpaired(rest, data.split),
    ),
    "paired": (
        "PATH_A,PATH_B",
        lambda rest, data: paired.open_paired(rest, data.split, data.channels),
    ),
    "tfds": ("NAME", _open_tfds),
}
"""Of each kind: what follows it in ``data.source``, and how it is opened."""
