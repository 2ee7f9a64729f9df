"""From ``KIND:REST`` to a source of examples."""

import difflib
from collections.abc import Callable

from jaxgan.data import digits, folder, idx, npz
from jaxgan.data.config import Data
from jaxgan.data.examples import Source
from jaxgan.errors import InputError

__all__ = ["Source", "image_shape", "open_source"]


def open_source(data: Data) -> Source:
    """The source that ``data.source`` names.

    Raises:
      InputError: the kind is unknown, or what it names cannot be opened.
    """
    kind, colon, rest = data.source.partition(":")
    if kind not in _KINDS:
        near = difflib.get_close_matches(kind, _KINDS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise InputError(
            f"data.source: {kind!r} is not a kind of data: {hint}use digits, idx:PATH, npz:PATH, "
            "folder:PATH or tfds:NAME"
        )
    if kind != "digits" and not rest:
        what = "NAME" if kind == "tfds" else "PATH"
        raise InputError(f"data.source: {kind} needs {what}: write {kind}:{what}")
    if kind == "digits" and colon:
        raise InputError("data.source: digits takes nothing after it: write digits")
    if kind in ("digits", "npz", "folder") and data.split != "train":
        raise InputError(
            f"data.split: {kind} has no split {data.split!r}, only train: "
            "name other files in data.source"
        )
    return _KINDS[kind](rest, data)


def image_shape(source: Source, data: Data) -> tuple[int, int, int]:
    """``(height, width, channels)`` of the images in the batches."""
    return data.image_size, data.image_size, data.channels or source.channels


def _open_tfds(name: str, data: Data) -> Source:
    from jaxgan.data import tfds  # Here, because it imports TensorFlow.

    return tfds.open_tfds(name, data.split, data.tfds_dir)


_KINDS: dict[str, Callable[[str, Data], Source]] = {
    "digits": lambda rest, data: digits.open_digits(),
    "idx": lambda rest, data: idx.open_idx(rest, data.split),
    "npz": lambda rest, data: npz.open_npz(rest),
    "folder": lambda rest, data: folder.open_folder(rest),
    "tfds": _open_tfds,
}
