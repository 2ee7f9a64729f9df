"""Colour jitter in integers, so that NumPy and a compiled JAX program give the same bytes.

Floats would differ, because a compiler may fuse ``a b + c``. All numbers are int32, scaled by
powers of two: ``x: 2^6`` means that x stands for ``x / 2^6``. None reaches 2^31. Rounding errors
add up to less than one level of 255, so the bytes are within 1 of the formula in floats.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

Ints: TypeAlias = Any
"""Integers of NumPy or JAX."""

MOST_PIXELS = 4096 * 4096
"""Largest number of pixels of a channel whose sum fits in a uint32."""


def jittered(images: Ints, random: Ints, strength: float) -> Ints:
    """Brightness, then contrast, then saturation, each scaled by ``1 + strength (2u - 1)``.

    Brightness scales the values, contrast the distance to the image's mean grey, and saturation (of
    colour images) the distance to the pixel's own grey. Opacity is unchanged.

    Args:
      images: uint8 (..., height, width, channels), of at most MOST_PIXELS pixels.
      random: three numbers per image, the integer part of ``2^16 u``: int32 (..., 3).
      strength: in [0, 1].
    """
    xp = images.__array_namespace__()
    colours = 1 if images.shape[-1] == 1 else 3
    channels = [images[..., k].astype(xp.int32) for k in range(colours)]
    totals = [xp.sum(x, axis=(-2, -1), keepdims=True, dtype=xp.uint32) for x in channels]
    pixels = images.shape[-3] * images.shape[-2]
    means = [mean(total, pixels).astype(xp.int32) for total in totals]
    levels = levels_of(channels, means, [random[..., k, None, None] for k in range(3)], strength)
    clipped = xp.clip(xp.stack(levels, axis=-1), 0, 255).astype(xp.uint8)
    return xp.concatenate([clipped, images[..., colours:]], axis=-1)


def mean(total: Ints, pixels: int) -> Ints:
    """The mean of a channel from its sum: 2^6, rounded to the nearest."""
    whole, rest = total // pixels, total % pixels
    return 64 * whole + (64 * rest + pixels // 2) // pixels


def levels_of(
    channels: Sequence[Ints], means: Sequence[Ints], random: Sequence[Ints], strength: float
) -> list[Ints]:
    """Brightness b, then contrast c, then saturation s: ``b (c (s (x - g) + g - m) + m)``.

    Here x is a value, g its pixel's grey, and m the image's mean grey. Factors are
    ``1 + strength (2u - 1)``. Grey images have no saturation.

    Args:
      channels: one or three int32 (..., height, width), from 0 to 255.
      means: the :func:`mean` of each, int32 (..., 1, 1).
      random: for b, c and s, the integer part of ``2^16 u``: int32 (..., 1, 1).
      strength: in [0, 1].

    Returns:
      The channels, to the nearest integer, not yet clipped to 0 ... 255.
    """
    width = round(strength * 2**14)
    b, c, s = (2**14 + _shifted(width * (2 * r - 2**16), 16) for r in random)  # 2^14
    bc = _shifted(b * c, 16)  # 2^12
    to_mean = _shifted(b * (2**14 - c), 16)  # b (1 - c): 2^12
    if len(channels) == 1:
        return [_shifted(64 * bc * channels[0] + to_mean * means[0], 18)]
    bcs = _shifted(bc * s, 14)  # 2^12
    grey = _shifted(_luma(channels), 10)  # 2^6
    rest = (bc - bcs) * grey + to_mean * _shifted(_luma(means), 16)  # 2^18
    return [_shifted(64 * bcs * x + rest, 18) for x in channels]


def _shifted(x: Ints, n: int) -> Ints:
    """``x / 2^n``, rounded to the nearest."""
    return (x + 2 ** (n - 1)) >> n


def _luma(colour: Sequence[Ints]) -> Ints:
    """ITU-R 601 luma: 2^16 times as large as its input."""
    return 19595 * colour[0] + 38470 * colour[1] + 7471 * colour[2]
