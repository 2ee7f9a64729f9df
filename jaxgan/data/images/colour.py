"""Colour jitter in whole numbers, so that TensorFlow and JAX give the same bytes.

Floats would not do: a compiler may contract ``a b + c``. Here all is int32, of NumPy, TensorFlow or
JAX. Numbers are scaled by powers of two: ``x: 2^6`` says that x stands for ``x / 2^6``. None
reaches 2^31. What is rounded adds up to less than one level of 255, so the bytes are within 1 of
the formula in floats.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

Ints: TypeAlias = Any
"""Integers of NumPy, TensorFlow or JAX."""

MOST_PIXELS = 4096 * 4096
"""Of a channel whose sum fits in a uint32."""


def mean(total: Ints, pixels: Ints) -> Ints:
    """The mean of a channel from its sum: 2^6, to the nearest."""
    whole, rest = total // pixels, total % pixels
    return 64 * whole + (64 * rest + pixels // 2) // pixels


def jittered(
    channels: Sequence[Ints],
    means: Sequence[Ints],
    random: Sequence[Ints],
    strength: float,
    shift: Callable[[Ints, int], Ints],
) -> list[Ints]:
    """Brightness b, then contrast c, then saturation s: ``b (c (s (x - g) + g - m) + m)``.

    Here x is a value, g its pixel's grey, and m the image's mean grey. Factors are
    ``1 + strength (2u - 1)``. Grey images have no saturation.

    Args:
      channels: one or three int32 (..., height, width), from 0 to 255.
      means: the :func:`mean` of each, int32 (..., 1, 1).
      random: for b, c and s, the integer part of ``2^16 u``: int32 (..., 1, 1).
      strength: in [0, 1].
      shift: ``x, n -> x >> n``, which not all of the libraries write so.

    Returns:
      The channels, to the nearest integer, not yet clipped to 0 ... 255.
    """

    def rounded(x: Ints, n: int) -> Ints:
        return shift(x + 2 ** (n - 1), n)

    width = round(strength * 2**14)
    b, c, s = (2**14 + rounded(width * (2 * r - 2**16), 16) for r in random)  # 2^14
    bc = rounded(b * c, 16)  # 2^12
    to_mean = rounded(b * (2**14 - c), 16)  # b (1 - c): 2^12
    if len(channels) == 1:
        return [rounded(64 * bc * channels[0] + to_mean * means[0], 18)]
    bcs = rounded(bc * s, 14)  # 2^12
    grey = rounded(_luma(channels), 10)  # 2^6
    rest = (bc - bcs) * grey + to_mean * rounded(_luma(means), 16)  # 2^18
    return [rounded(64 * bcs * x + rest, 18) for x in channels]


def _luma(colour: Sequence[Ints]) -> Ints:
    """ITU-R 601 luma: 2^16 times as large as its input."""
    return 19595 * colour[0] + 38470 * colour[1] + 7471 * colour[2]
