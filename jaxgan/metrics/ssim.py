"""Structural similarity at one scale and at five (Wang et al. 2003, 2004)."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxgan.errors import InputError
from jaxgan.metrics.psnr import Images, check_alike

_SIZE, _SIGMA = 11, 1.5
"""Side and standard deviation of the Gaussian window."""

_K1, _K2 = 0.01, 0.03

_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Weights of the scales, finest first."""

Maps = Float[Array, "_n _h _w _c"]


def ssim(a: Images, b: Images, max_value: float = 255.0) -> Float[Array, "batch"]:
    """Luminance times contrast and structure, averaged over pixels and channels, by image.

    ``(2 m_a m_b + C1) / (m_a^2 + m_b^2 + C1) (2 s_ab + C2) / (s_a^2 + s_b^2 + C2)``, with means,
    variances and covariance in an 11 x 11 Gaussian window of sigma 1.5 that lies inside the image;
    C1 = (0.01 max)^2, C2 = (0.03 max)^2. The result is from -1 to 1, and 1 for equal images.

    Args:
      a: images from 0 to ``max_value``, each side at least 11 pixels.
      b: images of the same shape.
      max_value: largest possible value.

    Raises:
      InputError: the shapes differ, or the images are too small.

    Reference: Wang et al. 2004, Image Quality Assessment, equation 13.
    """
    _check(a, b, "SSIM", _SIZE)
    luminance, structure = _similarity(_float(a), _float(b), max_value)
    return _mean(luminance * structure).mean(1)


def ms_ssim(a: Images, b: Images, max_value: float = 255.0) -> Float[Array, "batch"]:
    """The product over five scales of powers of the parts of :func:`ssim`, by image.

    The parts are contrast and structure at the first four scales, and their product with luminance
    at the last. A mean over pixels below 0 counts as 0. Each scale has 2 x 2 means of the one
    before (an odd last row or column is repeated). The product is taken for each channel, then
    averaged over channels. The result is from 0 to 1.

    Args:
      a: images from 0 to ``max_value``, each side at least 161 pixels.
      b: images of the same shape.
      max_value: largest possible value.

    Raises:
      InputError: the shapes differ, or the images are too small.

    Reference: Wang et al. 2003, Multi-scale Structural Similarity, equation 7.
    """
    # Four halvings of the side, rounded up, leave room for a window.
    _check(a, b, "MS-SSIM", (_SIZE - 1) * 2 ** (len(_WEIGHTS) - 1) + 1)
    a, b = _float(a), _float(b)
    product = jnp.ones((a.shape[0], a.shape[3]))
    for i, weight in enumerate(_WEIGHTS):
        if i:
            a, b = _half(a), _half(b)
        luminance, structure = _similarity(a, b, max_value)
        last = i == len(_WEIGHTS) - 1
        part = _mean(luminance * structure if last else structure)
        product = product * jnp.maximum(part, 0.0) ** weight
    return product.mean(1)


def _check(a: Images, b: Images, name: str, least: int) -> None:
    check_alike(a, b)
    if min(a.shape[1:3]) < least:
        raise InputError(
            f"a: images of {a.shape[1]}x{a.shape[2]} are too small for {name};"
            f" use at least {least}x{least}"
        )


def _float(x: Images) -> Maps:
    return jnp.asarray(x, jnp.float32)


def _mean(x: Maps) -> Float[Array, "_n _c"]:
    return x.mean(2).mean(1)


def _similarity(a: Maps, b: Maps, max_value: float) -> tuple[Maps, Maps]:
    """Luminance, and the product of contrast and structure, in each window."""
    c1, c2 = (_K1 * max_value) ** 2, (_K2 * max_value) ** 2
    mean_a, mean_b = _windowed(a), _windowed(b)
    product = mean_a * mean_b
    squares = jnp.square(mean_a) + jnp.square(mean_b)
    luminance = (2.0 * product + c1) / (squares + c1)
    covariance = _windowed(a * b) - product
    variances = _windowed(jnp.square(a) + jnp.square(b)) - squares
    return luminance, (2.0 * covariance + c2) / (variances + c2)


def _windowed(x: Maps) -> Maps:
    """The mean in the Gaussian window at each position where it lies inside."""
    offsets = np.arange(_SIZE) - (_SIZE - 1) / 2
    window = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    window /= window.sum()
    for axis in (1, 2):
        n = x.shape[axis] - _SIZE + 1
        shifted = [jax.lax.slice_in_dim(x, i, i + n, axis=axis) for i in range(_SIZE)]
        x = sum(
            (float(w) * part for w, part in zip(window[1:], shifted[1:], strict=True)),
            float(window[0]) * shifted[0],
        )
    return x


def _half(x: Maps) -> Maps:
    """Means of 2 x 2 pixels."""
    x = jnp.pad(x, ((0, 0), (0, x.shape[1] % 2), (0, x.shape[2] % 2), (0, 0)), mode="edge")
    rows = x[:, ::2] + x[:, 1::2]
    return (rows[:, :, ::2] + rows[:, :, 1::2]) / 4.0
