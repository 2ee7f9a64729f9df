"""Laplacian pyramids (Burt and Adelson 1983)."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
"""Taps of the filter along each axis. At the border, images are mirrored without the edge pixel."""

Maps = Float[Array, "_n _height _width _channels"]


def laplacian_pyramid(images: Maps, levels: int) -> list[Maps]:
    """Each level minus the upsampled next smaller one; the last level is the smallest image.

    Args:
      images: images whose sides ``levels - 1`` halvings leave whole and at least 3.
      levels: number of levels, each with half the sides of the one before.

    Reference: Burt and Adelson 1983, The Laplacian Pyramid as a Compact Image Code.
    """
    pyramid = []
    for _ in range(levels - 1):
        smaller = halved(images)
        pyramid.append(images - doubled(smaller))
        images = smaller
    return [*pyramid, images]


def halved(images: Maps) -> Maps:
    """Images filtered, then every second pixel."""
    return _filtered(images)[:, ::2, ::2]


def doubled(images: Maps) -> Maps:
    """Images with zeros between the pixels, filtered and multiplied by 4."""
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
