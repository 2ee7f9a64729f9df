"""MATLAB's antialiased bicubic ``imresize``, which makes low-resolution images in super-resolution.

A pixel x of the output lies at ``u = (x + 1/2) / s - 1/2`` in the input (s: scale, indices from 0).
It is the sum of the input pixels k around it, weighted by ``h(u - k)``, with weights normalized to
sum 1. Keys' cubic kernel h has a = -1/2. To shrink an image the kernel is ``s h(s t)``, 1/s times
as wide. The image is mirrored at its border, and the border pixel is repeated. Rows and columns are
resized separately, each by one product with a small matrix.

Reference: Keys 1981, Cubic Convolution Interpolation for Digital Image Processing, equation 15.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float64

_RADIUS = 2.0
"""Half of the support of h."""


def bicubic(
    images: Float[Array, "batch height width channels"], scale: float | int
) -> Float[Array, "batch new_height new_width channels"]:
    """``images`` resized by ``scale``, with sides rounded up; below 1 they shrink, antialiased.

    Values may slightly overshoot the range of the input, as with every cubic kernel.
    """
    for axis in (1, 2):
        matrix = jnp.asarray(weights(images.shape[axis], scale), images.dtype)
        product = jnp.tensordot(matrix, images, (1, axis), precision=jax.lax.Precision.HIGHEST)
        images = jnp.moveaxis(product, 0, axis)
    return images


def weights(size: int, scale: float | int) -> Float64[np.ndarray, "new_size {size}"]:
    """The matrix that resizes a row or column of ``size`` pixels to ``ceil(size scale)`` pixels."""
    new = math.ceil(size * scale - 1e-9)  # size 10 at scale 0.3 gives 3, despite rounding
    narrow = min(scale, 1.0)
    at = (np.arange(new) + 0.5) / scale - 0.5
    taps = math.ceil(2 * _RADIUS / narrow) + 2
    places = np.floor(at - _RADIUS / narrow)[:, None] + np.arange(taps)
    values = kernel(narrow * (at[:, None] - places))
    values /= values.sum(1, keepdims=True)
    mirrored = places.astype(int) % (2 * size)
    mirrored = np.where(mirrored < size, mirrored, 2 * size - 1 - mirrored)
    matrix = np.zeros((new, size))
    np.add.at(matrix, (np.arange(new)[:, None], mirrored), values)
    return matrix


def kernel(t: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
    """Keys' cubic h(t) with a = -1/2.

    ``1.5 |t|^3 - 2.5 t^2 + 1`` up to 1, ``-0.5 |t|^3 + 2.5 t^2 - 4 |t| + 2`` up to 2, then 0.
    """
    t = np.abs(t)
    inner = (1.5 * t - 2.5) * t**2 + 1.0
    outer = ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0
    return np.where(t <= 1, inner, np.where(t <= _RADIUS, outer, 0.0))
