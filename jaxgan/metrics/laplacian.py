"""Laplacian pyramids (Burt and Adelson 1983)."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
"""The filter along each axis. Borders mirror the image without its edge."""

Maps = Float[Array, "_n _height _width _channels"]


def laplacian_pyramid(images: Maps, levels: int) -> list[Maps]:
    """Each level less the next smaller one, enlarged; the last level is the smallest one.

    Args:
      images: with sides that ``levels - 1`` halvings leave whole and at least 3.
      levels: how many, each with sides half of those of the one before.

    Reference: Burt and Adelson 1983, The Laplacian Pyramid as a Compact Image Code.
    """
    pyramid = []
    for _ in range(levels - 1):
        smaller = halved(images)
        pyramid.append(images - doubled(smaller))
        images = smaller
    return [*pyramid, images]


def halved(images: Maps) -> Maps:
    """Filtered, and every other pixel."""
    return _filtered(images)[:, ::2, ::2]


def doubled(images: Maps) -> Maps:
    """Zeros between the pixels, filtered, times 4."""
    n, h, w, c = images.shape
    sparse = jnp.zeros((n, 2 * h, 2 * w, c)).at[:, ::2, ::2].set(images)
    return 4.0 * _filtered(sparse)


def _filtered(x: Maps) -> Maps:
    for axis in (1, 2):
        n, reach = x.shape[axis], len(_BINOMIAL) // 2
        padding = [(reach, reach) if i == axis else (0, 0) for i in range(4)]
        padded = jnp.pad(x, padding, mode="reflect")
        x = jnp.zeros_like(x)
        for i, weight in enumerate(_BINOMIAL):
            x = x + weight * jax.lax.slice_in_dim(padded, i, i + n, axis=axis)
    return x
