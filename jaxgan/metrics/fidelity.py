"""PSNR and SSIM of enlarged images by the protocols of super-resolution."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.metrics.psnr import Images, check_alike, psnr
from jaxgan.metrics.ssim import ssim
from jaxgan.ops.ycbcr import luma

_WINDOW = 11
"""Least side of an image whose SSIM is measured."""


def fidelity(made: Images, real: Images, scale: int) -> dict[str, Float[Array, "batch"]]:
    """PSNR in decibels and SSIM of each image, by name, such as ``psnr_y_x2_border2``.

    ``y``: luma of BT.601 from 16 to 235, not rounded; ``rgb`` or ``grey``: all channels. Pixels
    of the ``border`` do not count, as many at each side as the scale. SSIM is left out where what
    remains is narrower than its window of 11 pixels.

    Args:
      made: enlarged images, 0 to 255.
      real: originals of the same shape.
      scale: of the enlargement.

    Raises:
      InputError: the shapes differ.
    """
    check_alike(made, real)
    inner = slice(scale, -scale)
    a, b = (jnp.asarray(images[:, inner, inner], jnp.float32) for images in (made, real))
    pairs = {"y": (luma(a), luma(b)), "rgb": (a, b)} if a.shape[-1] == 3 else {"grey": (a, b)}
    metrics = {"psnr": psnr} | ({"ssim": ssim} if min(a.shape[1:3]) >= _WINDOW else {})
    return {
        f"{name}_{channels}_x{scale}_border{scale}": metric(*pair)
        for channels, pair in pairs.items()
        for name, metric in metrics.items()
    }
