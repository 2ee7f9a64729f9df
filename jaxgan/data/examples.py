"""What a source of examples is, whatever it reads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Int32, UInt8

from jaxgan.errors import InputError

Pixels: TypeAlias = UInt8[np.ndarray, "_height _width _channels"]
"""One image on the host: 0 is black, 255 is white; 1 (grey), 3 (RGB) or 4 (RGBA) channels."""


class Arrays(NamedTuple):
    """A data set that is small enough to lie in memory, decoded."""

    images: UInt8[np.ndarray, "n height width channels"]
    labels: Int32[np.ndarray, "n"] | None


class UnreadableImageError(Exception):
    """One example cannot be decoded; the pipeline skips a few of these."""


@dataclass(frozen=True, eq=False)
class Source:
    """Random access to images, with labels where there are any: ``example(i)``, i < len."""

    name: str
    """As the user gave it, for messages."""
    size: int
    """Number of examples: ``len(source)``."""
    channels: int
    """Channels of an image: 1, 3 or 4."""
    example: Callable[[int], tuple[Pixels, int]]
    """Image and label i, safe to call from several threads; the label is 0 where there are none.

    Raises :class:`UnreadableImageError`."""
    num_classes: int = 0
    """Number of classes; 0 where there are no labels."""
    class_names: tuple[str, ...] = ()
    """One name a class."""
    arrays: Arrays | None = None
    """All of the examples, where they lie in memory decoded: never pairs."""
    images: tuple[str, ...] = ("image",)
    """Names in a batch of the images of an example: ``("a", "b")`` for a pair, whose two images lie
    side by side in ``example(i)``, a on the left."""

    def __len__(self) -> int:
        return self.size


@dataclass(frozen=True, eq=False)
class Unpaired:
    """Images of two domains that have nothing to do with each other, each in an order of its own.

    Labels are passed over.
    """

    a: Source
    b: Source
    images: ClassVar[tuple[str, ...]] = ("a", "b")
    num_classes: ClassVar[int] = 0

    @property
    def channels(self) -> int:
        """Of an image of either domain.

        Raises:
          InputError: the domains differ.
        """
        return common_channels(self.a.channels, self.b.channels)

    @staticmethod
    def seeds(seed: int) -> dict[str, int]:
        """What decides the order and the augmentation of each domain: ``seed``, ``seed + 2^63``."""
        return {"a": seed, "b": seed + 2**63}


def common_channels(a: int, b: int) -> int:
    """The channels of two domains' images.

    Raises:
      InputError: they differ.
    """
    if a != b:
        raise InputError(
            f"data.channels: 0 is as the source has them, and domain a has {a} and domain b {b}; "
            f"use one number for both, such as --data.channels {max(a, b)}"
        )
    return a


def from_arrays(
    name: str,
    images: UInt8[np.ndarray, "n height width channels"],
    labels: np.ndarray | None = None,
    class_names: tuple[str, ...] = (),
) -> Source:
    """A source over arrays in memory.

    Args:
      name: what messages call it.
      images: 1, 3 or 4 channels.
      labels: integers from 0, one an image; ``None`` for data without labels.
      class_names: one a class; ``"0"``, ``"1"``, ... up to the largest label by default.

    Raises:
      InputError: no images, an odd number of channels, or labels that are not class indices.
    """
    n, channels = len(images), images.shape[-1]
    if images.size == 0:
        raise InputError(f"data.source: {name} holds no images")
    if channels not in (1, 3, 4):
        raise InputError(
            f"data.source: {name} has {channels} channels, not 1 (grey), 3 (RGB) or 4 (RGBA)"
        )
    checked = None if labels is None else checked_labels(name, labels, n)
    if checked is not None and not class_names:
        class_names = tuple(str(c) for c in range(int(checked.max()) + 1))

    def example(i: int) -> tuple[Pixels, int]:
        return images[i], 0 if checked is None else int(checked[i])

    return Source(
        name=name,
        size=n,
        channels=channels,
        example=example,
        num_classes=len(class_names),
        class_names=class_names,
        arrays=Arrays(images, checked),
    )


def checked_labels(name: str, labels: np.ndarray, n: int) -> Int32[np.ndarray, "n"]:
    """``labels`` as int32.

    Raises:
      InputError: they are not ``n`` integers from 0.
    """
    if labels.shape != (n,):
        raise InputError(f"data.source: {name} has labels of shape {labels.shape}, not ({n},)")
    if not np.issubdtype(labels.dtype, np.integer):
        raise InputError(f"data.source: {name} has {labels.dtype} labels: store class indices")
    if labels.min() < 0 or labels.max() > np.iinfo(np.int32).max:
        raise InputError(
            f"data.source: {name} has labels from {labels.min()} to {labels.max()}: "
            "class indices start at 0"
        )
    return labels.astype(np.int32)
