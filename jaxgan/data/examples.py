"""The common interface of all sources of examples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float64, Int32, Int64, UInt8

from jaxgan.core import Feature
from jaxgan.errors import InputError

Pixels: TypeAlias = UInt8[np.ndarray, "_height _width _channels"]
"""One image on the host: 0 is black, 255 is white; 1 (grey), 3 (RGB) or 4 (RGBA) channels."""

Example: TypeAlias = dict[str, Any]
"""NumPy arrays by feature name: images uint8 (h, w, c), masks uint8 (h, w), labels int32 (), and
arrays of floats that are not yet standardised."""


MOST_CLASSES = 10_000
"""Exclusive upper limit of class indices, or the number of examples if that is larger."""

DTYPES = {"image": np.uint8, "mask": np.uint8, "label": np.int32, "array": np.float32}
"""Data type of a feature in a batch, by its kind."""


class UnreadableImageError(Exception):
    """An example cannot be decoded; a few such examples are skipped."""


class Windows(NamedTuple):
    """Windows of a series, by which its held-out part is separated in time."""

    rows: Float64[np.ndarray, "rows columns"]
    """Rows of the whole series."""
    spans: Int64[np.ndarray, "n 3"]
    """Row indices of each window: its first row, the first row of its future, and one past its
    end."""


@dataclass(frozen=True, eq=False)
class Source:
    """Random access to examples of named features: ``example(i)``, i < len."""

    name: str
    """Name as the user wrote it, for messages."""
    size: int
    """Number of examples: ``len(source)``."""
    features: Mapping[str, Feature]
    """Features of an example by name. The sides of images and masks are 0 where they vary."""
    example: Callable[[int], Example]
    """Function that returns example i; thread-safe. Raises :class:`UnreadableImageError`."""
    class_names: tuple[str, ...] = ()
    """Name of each class of the label or mask."""
    arrays: Mapping[str, np.ndarray] | None = None
    """Arrays of all examples, if they are in memory and decoded."""
    read_labels: Callable[[], Int32[np.ndarray, "n"]] | None = None
    """Function that reads all labels without images, if the examples are not in memory."""
    columns: tuple[str, ...] = ()
    """Column names of a table or a series."""
    windows: Windows | None = None
    """Windows of a series; its held-out part is a stretch of time and not a random choice."""
    test: Callable[[], "Source"] | None = None
    """Function that opens the test part of the source."""
    notes: tuple[str, ...] = ()
    """Lines for the user about the files."""

    def __len__(self) -> int:
        return self.size

    @cached_property
    def labels(self) -> Int32[np.ndarray, "n"] | None:
        """The label of every example; None for data without labels."""
        if self.read_labels is not None:
            return self.read_labels()
        return None if self.arrays is None else self.arrays.get("label")


class Part(NamedTuple):
    """A part of a source: some of its examples."""

    source: Source
    indices: Int64[np.ndarray, "n"]

    @property
    def size(self) -> int:
        """The number of its examples."""
        return len(self.indices)

    def array(self, name: str) -> np.ndarray:
        """The array of a feature, for a source in memory."""
        assert self.source.arrays is not None
        array = self.source.arrays[name]
        return array if self.size == len(self.source) else array[self.indices]


def in_memory(
    name: str,
    features: Mapping[str, Feature],
    arrays: Mapping[str, np.ndarray],
    class_names: tuple[str, ...] = (),
    columns: tuple[str, ...] = (),
    windows: Windows | None = None,
) -> Source:
    """A source over arrays, one per feature, with one row per example."""

    def example(i: int) -> Example:
        return {name: array[i] for name, array in arrays.items()}

    size = len(next(iter(arrays.values())))
    return Source(
        name, size, features, example, class_names, arrays, columns=columns, windows=windows
    )


def from_images(
    name: str,
    images: UInt8[np.ndarray, "n height width channels"],
    labels: np.ndarray | None = None,
    class_names: tuple[str, ...] = (),
) -> Source:
    """A source over images in memory.

    Args:
      name: its name in messages.
      images: images with 1, 3 or 4 channels.
      labels: integers from 0, one per image; ``None`` for data without labels.
      class_names: one per class; by default ``"0"``, ``"1"``, ... up to the largest label.

    Raises:
      InputError: no images, another number of channels, or labels that are not class indices.
    """
    if images.size == 0:
        raise InputError(f"data.source: {name} holds no images")
    if images.shape[-1] not in (1, 3, 4):
        raise InputError(
            f"data.source: {name} has {images.shape[-1]} channels, not 1 (grey), 3 (RGB) or 4"
            " (RGBA)"
        )
    features, arrays = {"image": Feature("image", images.shape[1:])}, {"image": images}
    if labels is not None:
        arrays["label"] = checked_labels(name, labels, len(images))
        class_names = class_names or tuple(str(c) for c in range(int(labels.max()) + 1))
        features["label"] = Feature("label", (), len(class_names))
    return in_memory(name, features, arrays, class_names)


def as_domain(source: Source, name: str) -> Source:
    """A source of images as one of two domains: its images only, as the feature ``name``."""
    arrays = None if source.arrays is None else {name: source.arrays["image"]}
    test = source.test

    def example(i: int) -> Example:
        return {name: source.example(i)["image"]}

    return Source(
        source.name,
        source.size,
        {name: source.features["image"]},
        example,
        arrays=arrays,
        notes=source.notes,
        test=None if test is None else lambda: as_domain(test(), name),
    )


def checked_labels(name: str, labels: np.ndarray, n: int) -> Int32[np.ndarray, "n"]:
    """``labels`` as int32.

    Raises:
      InputError: they are not ``n`` integers from 0, or one is too large for a class index.
    """
    if labels.shape != (n,):
        raise InputError(f"data.source: {name} has labels of shape {labels.shape}, not ({n},)")
    if labels.dtype.kind not in "iu":
        raise InputError(f"data.source: {name} has {labels.dtype} labels: store class indices")
    most = max(MOST_CLASSES, n)
    if labels.min() < 0 or labels.max() >= most:
        raise InputError(
            f"data.source: {name} has labels from {labels.min()} to {labels.max()}: class indices"
            f" start at 0, and those of {n} examples stay below {most:,}"
        )
    return labels.astype(np.int32)
