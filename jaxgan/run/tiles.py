"""Large images in overlapping tiles, whose outputs are blended into one.

The output at a pixel depends on the input pixels within the function's ``reach``. So a tile's
output equals the output of the whole image, except within ``reach`` of a side that it shares with
another tile. Tiles overlap by two reaches and a ramp. Along the ramp both tiles are correct, and
one fades into the other.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jaxgan.core import Function
from jaxgan.errors import InputError

SIDE = 512
"""Side of a tile in pixels, if the reach allows it."""
RAMP = 32
"""Width in pixels of the ramp along which one tile fades into the next."""


class Place(NamedTuple):
    """Row and column of a tile in the grid of tiles."""

    row: int
    column: int


@dataclass(frozen=True)
class Tiling:
    """Rule by which an image is cut into tiles."""

    side: int
    """Side of a tile in pixels, divisible by ``multiple``."""
    overlap: int
    """Smallest overlap of neighbours in pixels, divisible by ``multiple``."""
    ramp: int
    """Width in pixels of the ramp in the middle of the overlap."""
    multiple: int = 1
    """Divisor of the tiles' positions."""

    def starts(self, length: int) -> list[int]:
        """First pixel of each tile along a side; evenly spaced up to the end of the side."""
        if length <= self.side:
            return [0]
        count = -(-(length - self.overlap) // (self.side - self.overlap))
        room = (length - self.side) // self.multiple
        return [i * room // (count - 1) * self.multiple for i in range(count)]

    def weights(self, length: int, scale: int = 1) -> list[np.ndarray]:
        """Blending weights of each tile's output along a side; they sum to 1 at every pixel."""
        starts, size = self.starts(length), min(length, self.side)
        places = (np.arange(length * scale) + 0.5) / scale
        middles = [(b + a + size) / 2 for a, b in itertools.pairwise(starts)]
        rises = [np.ones_like(places), *(_smooth(places - m, self.ramp) for m in middles)]
        rises.append(np.zeros_like(places))
        whole = [rise * (1.0 - after) for rise, after in itertools.pairwise(rises)]
        cut = zip(whole, starts, strict=True)
        return [w[s * scale : (s + size) * scale].astype(np.float32) for w, s in cut]


def _smooth(distance: np.ndarray, width: int) -> np.ndarray:
    """Smoothstep: a cubic from 0 at -width / 2 to 1 at width / 2, with slope 0 at both ends."""
    t = np.clip(distance / width + 0.5, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def tiling(function: Function, side: int | None = None) -> Tiling | None:
    """The tiling for a function; None: it receives whole images.

    Args:
      function: a function that takes images of any size.
      side: side of a tile in pixels; 0: whole images. None: large enough that the blend equals the
        output of the whole image, or whole images if the function's reach is unknown. With a
        smaller side or an unknown reach, tiles overlap by up to half, and the blend only
        approximates that output.

    Raises:
      InputError: the side is negative, or below four times the function's ``multiple``.
    """
    reach, multiple = function.reach, max(function.multiple, 1)
    if side == 0 or (side is None and reach is None):
        return None
    if side is not None and side < 4 * multiple:
        raise InputError(
            f"tile: {side} is below {4 * multiple}, four times what divides the sides of images"
            " here; use that or more, or 0 for whole images"
        )
    wanted = SIDE // 2 if reach is None else 2 * reach + RAMP
    wanted = -(-wanted // multiple) * multiple
    if side is None:
        side = max(SIDE, 2 * wanted)
    side = -(-side // multiple) * multiple
    overlap = min(wanted, side // 2 // multiple * multiple)
    ramp = overlap // 4 if reach is None or overlap < wanted else overlap - 2 * reach
    ramp = max(min(ramp, (side - overlap) // 2), 1)  # no place lies on two ramps
    return Tiling(side, overlap, ramp, multiple)


class Canvas:
    """Assembles the output of an image from the outputs of its tiles."""

    def __init__(self, tiles: Tiling, image: np.ndarray, scale: int = 1):
        """Starts with an empty output.

        Args:
          tiles: the rule by which the image is cut.
          image: (height, width, channels).
          scale: sides of the output over sides of the image.
        """
        self._image, self._scale = image, scale
        sides = image.shape[:2]
        self._starts = [tiles.starts(length) for length in sides]
        self._size = [min(length, tiles.side) for length in sides]
        self._weights = [tiles.weights(length, scale) for length in sides]
        self._missing = len(self._starts[0]) * len(self._starts[1])
        self._sum: np.ndarray | None = None

    def tiles(self) -> Iterator[tuple[Place, np.ndarray]]:
        """The tiles of the image."""
        for row, top in enumerate(self._starts[0]):
            for column, left in enumerate(self._starts[1]):
                window = self._image[top : top + self._size[0], left : left + self._size[1]]
                yield Place(row, column), window

    def add(self, place: Place, output: np.ndarray) -> np.ndarray | None:
        """Adds a tile's output; returns the whole output once every tile is there, else None."""
        if len(self._starts[0]) == len(self._starts[1]) == 1:
            return output
        scale, rest = self._scale, output.shape[2:]
        if self._sum is None:
            height, width = (side * scale for side in self._image.shape[:2])
            self._sum = np.zeros((height, width, *rest), np.float32)
        top, left = (starts[i] * scale for starts, i in zip(self._starts, place, strict=True))
        rows, columns = (w[i] for w, i in zip(self._weights, place, strict=True))
        weight = (rows[:, None] * columns).reshape(*output.shape[:2], *(1,) * len(rest))
        self._sum[top : top + len(rows), left : left + len(columns)] += weight * output
        self._missing -= 1
        if self._missing:
            return None
        whole = np.rint(self._sum) if output.dtype.kind in "ui" else self._sum
        return whole.astype(output.dtype)
