"""Images moved by 3x3 matrices, one for each example: exactly, or through a filter.

A matrix M acts on homogeneous coordinates (x, y, 1) in pixels, with the origin at the image centre
and y downwards. Resampling needs the inverse: the result at pixel p is the image at M^-1 p. Images
are mirrored at their edges (the edge pixel is not repeated).

Reference: Karras et al. 2020, Training GANs with limited data, appendix B.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from jaxgan.ops.lowpass import lowpass_downsample, lowpass_upsample
from jaxgan.typing import Image

Matrices = Float[Array, "batch 3 3"]
Numbers = Float[Array, "batch"]
Coordinates = Float[Array, "batch new_height new_width"]

SYM6 = (
    0.015404109327027373,
    0.0034907120842174702,
    -0.11799011114819057,
    -0.048311742585633,
    0.4910559419267466,
    0.787641141030194,
    0.3379294217276218,
    -0.07263752278646252,
    -0.021060292512300564,
    0.04472490177066578,
    0.0017677118642428036,
    -0.007800708325034148,
)
"""Taps of the symlet with 6 vanishing moments (Daubechies 1992), orthogonal to its shifts by
two."""

_REACH = len(SYM6) // 2
"""Width in pixels of the mirrored margin that is filtered with an image."""
_LATE = sum(k * tap for k, tap in enumerate(SYM6)) / sum(SYM6) - (_REACH - 1)
"""Delay of the filter: pixel i lies at 2i + _LATE at twice the size, because the mean of the taps
is not in their middle."""


def translation(x: Numbers, y: Numbers) -> Matrices:
    """Translates by (x, y) pixels."""
    one, zero = jnp.ones_like(x), jnp.zeros_like(x)
    return _matrix((one, zero, x), (zero, one, y))


def scaling(x: Numbers, y: Numbers) -> Matrices:
    """Scales by the factors (x, y)."""
    zero = jnp.zeros_like(x)
    return _matrix((x, zero, zero), (zero, y, zero))


def rotation(angle: Numbers) -> Matrices:
    """Rotates by an angle in radians, clockwise on the screen."""
    cos, sin, zero = jnp.cos(angle), jnp.sin(angle), jnp.zeros_like(angle)
    return _matrix((cos, -sin, zero), (sin, cos, zero))


def quarter_turns(turns: Numbers) -> Matrices:
    """Rotates by whole quarter turns, clockwise, without rounding errors."""
    angle = turns * jnp.pi / 2
    cos, sin, zero = jnp.round(jnp.cos(angle)), jnp.round(jnp.sin(angle)), jnp.zeros_like(angle)
    return _matrix((cos, -sin, zero), (sin, cos, zero))


def moved(images: Image, inverse: Matrices) -> Image:
    """Images under M by nearest neighbour: exact for flips, quarter turns and whole-pixel shifts.

    Args:
      images: (n, h, w, c).
      inverse: M^-1.
    """
    height, width = images.shape[1:3]
    x, y = _sources(inverse, jnp.arange(width), jnp.arange(height), height, width)
    x, y = (_mirrored(v, size).round().astype(jnp.int32) for v, size in ((x, width), (y, height)))
    return _gathered(images, x, y)


def warped(images: Image, inverse: Matrices) -> Image:
    """Images under M without aliasing: resampled bilinearly at twice the size, between two filters.

    The image is upsampled, moved by M and downsampled, with the wavelet sym6. If M is the identity,
    the result is the image itself.

    Args:
      images: (n, h, w, c).
      inverse: M^-1.
    """
    height, width = images.shape[1:3]
    edges = ((0, 0), (2 * _REACH, 2 * _REACH), (2 * _REACH, 2 * _REACH), (0, 0))
    fine = lowpass_upsample(jnp.pad(images, edges, "reflect"), SYM6)
    fine = fine[:, 2 * _REACH : -2 * _REACH, 2 * _REACH : -2 * _REACH]
    columns, rows = (  # grid at twice the size, with a margin for the filter
        (jnp.arange(-_REACH, 2 * size + _REACH) - _LATE) / 2 for size in (width, height)
    )
    x, y = _sources(inverse, columns, rows, height, width)
    x, y = (
        2 * (jnp.where((v > -_REACH) & (v < size - 1 + _REACH), v, _mirrored(v, size)) + _REACH)
        + _LATE
        for v, size in ((x, width), (y, height))
    )
    out = lowpass_downsample(_bilinear(fine, x, y), SYM6[::-1])
    crop = slice(_REACH // 2, -_REACH // 2)
    return out[:, crop, crop]


def _matrix(*rows: tuple[Numbers, Numbers, Numbers]) -> Matrices:
    zero = jnp.zeros_like(rows[0][0])
    last = (zero, zero, jnp.ones_like(zero))
    return jnp.stack([jnp.stack(row, -1) for row in (*rows, last)], -2)


def _sources(
    inverse: Matrices, columns: Array, rows: Array, height: int, width: int
) -> tuple[Coordinates, Coordinates]:
    """M^-1 of a grid of pixels: x and y, counted from 0."""
    x, y = columns - (width - 1) / 2, rows - (height - 1) / 2
    found = []
    for i, middle in ((0, (width - 1) / 2), (1, (height - 1) / 2)):
        a, b, c = (inverse[:, i, j, None, None] for j in range(3))
        found.append(a * x[None, None, :] + b * y[None, :, None] + c + middle)
    return found[0], found[1]


def _mirrored(v: Coordinates, size: int) -> Coordinates:
    """Coordinates folded into [0, size - 1] by repeated mirroring at both ends."""
    last = float(max(size - 1, 1))
    return jnp.clip(last - jnp.abs(jnp.mod(v, 2 * last) - last), 0.0, float(size - 1))


def _gathered(
    images: Image,
    x: Int[Array, "batch new_height new_width"],
    y: Int[Array, "batch new_height new_width"],
) -> Float[Array, "batch new_height new_width channels"]:
    n, h, w, c = images.shape
    flat = images.reshape(n, h * w, c)
    index = (y * w + x).reshape(n, -1, 1)
    return jnp.take_along_axis(flat, index, axis=1).reshape(*x.shape, c)


def _bilinear(
    images: Image, x: Coordinates, y: Coordinates
) -> Float[Array, "batch new_height new_width channels"]:
    h, w = images.shape[1:3]
    left = jnp.clip(jnp.floor(x), 0, w - 2).astype(jnp.int32)
    top = jnp.clip(jnp.floor(y), 0, h - 2).astype(jnp.int32)
    a, b = (x - left)[..., None], (y - top)[..., None]
    upper = (1 - a) * _gathered(images, left, top) + a * _gathered(images, left + 1, top)
    lower = (1 - a) * _gathered(images, left, top + 1) + a * _gathered(images, left + 1, top + 1)
    return (1 - b) * upper + b * lower
