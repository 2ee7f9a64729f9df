"""Luma and chroma of ITU-R BT.601, as in MATLAB's ``rgb2ycbcr``."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

# Rows give Y, Cb and Cr from R, G and B in [0, 1].
_MATRIX = np.array(
    [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]
)
_OFFSET = np.array([16.0, 128.0, 128.0])

RGB = Float[Array, "batch height width 3"]


def luma(images: RGB) -> Float[Array, "batch height width 1"]:
    """Y in [16, 235] of RGB in [0, 255]: ``16 + (65.481 R + 128.553 G + 24.966 B) / 255``."""
    return to_ycbcr(images)[..., :1]


def to_ycbcr(images: RGB) -> RGB:
    """Y in [16, 235], Cb and Cr in [16, 240], of RGB in [0, 255]."""
    return _product(images, _MATRIX / 255) + _row(_OFFSET)


def to_rgb(images: RGB) -> RGB:
    """The inverse of :func:`to_ycbcr`."""
    return _product(images - _row(_OFFSET), np.linalg.inv(_MATRIX / 255))


def _product(images: RGB, matrix: np.ndarray) -> RGB:
    how = jax.lax.Precision.HIGHEST
    return jnp.einsum("nhwc,dc->nhwd", images, jnp.asarray(matrix, images.dtype), precision=how)


def _row(values: np.ndarray) -> Float[Array, "1 1 1 3"]:
    return jnp.asarray(values, jnp.float32).reshape(1, 1, 1, 3)
