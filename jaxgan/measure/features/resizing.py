"""The three resizers used for published scores, on the host and on the device.

Each is linear and separable: one matrix for the rows and one for the columns.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float32, UInt8

Sized: TypeAlias = (
    UInt8[Array | np.ndarray, "batch height width channels"]
    | Float32[Array | np.ndarray, "batch height width channels"]
)
"""Images in 0..255 of any size."""

Resized: TypeAlias = Float32[Array | np.ndarray, "batch size size channels"]
"""Square images in 0..255, as NumPy or JAX arrays like the input."""

Matrix: TypeAlias = Callable[[int, int], np.ndarray]


def legacy_tensorflow(images: Sized, size: int) -> Resized:
    """TensorFlow 1's ``resize_bilinear``: output pixel ``i`` reads at ``i * old / size``.

    It uses neither aligned corners nor half-pixel centres, so the image moves up and left.
    Shrinking is not antialiased. Heusel et al. 2017 (FID) and Salimans et al. 2016 (Inception
    score) use it.
    """
    return _apply(_tensorflow, images, size)


def legacy_pytorch(images: Sized, size: int) -> Resized:
    """PyTorch's ``interpolate(mode="bilinear", align_corners=False)``, not antialiased.

    Output pixel ``i`` reads at ``(i + 0.5) * old / size - 0.5``. pytorch-fid uses it.
    """
    return _apply(_pytorch, images, size)


def clean(images: Sized, size: int) -> Resized:
    """Pillow's antialiased bicubic filter (a = -0.5) on float channels, clipped to [0, 255].

    Reference: Parmar, Zhang and Zhu 2022 (clean-fid).
    """
    resized = _apply(_bicubic, images, size)
    return resized.clip(0, 255)


def _apply(matrix: Matrix, images: Sized, size: int) -> Resized:
    rows, columns = (matrix(side, size) for side in images.shape[1:3])
    equation = "ih,bhwc,jw->bijc"
    if isinstance(images, np.ndarray):
        return np.einsum(equation, rows, images.astype(np.float32), columns, optimize=True)
    images = images.astype(jnp.float32)
    return jnp.einsum(equation, rows, images, columns, precision=lax.Precision.HIGHEST)


@lru_cache
def _tensorflow(old: int, new: int) -> np.ndarray:
    return _bilinear(np.arange(new, dtype=np.float32) * np.float32(old / new), old)


@lru_cache
def _pytorch(old: int, new: int) -> np.ndarray:
    half = np.float32(0.5)
    places = (np.arange(new, dtype=np.float32) + half) * np.float32(old / new) - half
    return _bilinear(places.clip(0), old)


def _bilinear(places: np.ndarray, old: int) -> np.ndarray:
    """Rows that weight the two pixels around each position; beyond the last pixel, the last.

    Positions are float32, to round as the libraries do.
    """
    low = places.astype(int)
    high = np.minimum(low + 1, old - 1)
    weight = (places - low)[:, None]
    return _constant((1 - weight) * np.eye(old)[low] + weight * np.eye(old)[high])


@lru_cache
def _bicubic(old: int, new: int) -> np.ndarray:
    """Rows that weight the pixels within 2 of each position, or 2 output pixels when shrinking."""
    scale = old / new
    stretch = max(scale, 1.0)
    centres = (np.arange(new)[:, None] + 0.5) * scale
    distance = np.abs(np.arange(old)[None] + 0.5 - centres) / stretch
    weights = _keys(distance)
    return _constant(weights / weights.sum(1, keepdims=True))


def _keys(x: np.ndarray) -> np.ndarray:
    """The cubic kernel with a = -0.5 (Keys 1981) at distances ``x``."""
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _constant(matrix: np.ndarray) -> np.ndarray:
    matrix = matrix.astype(np.float32)
    matrix.setflags(write=False)
    return matrix
