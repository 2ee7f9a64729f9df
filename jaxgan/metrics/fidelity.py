"""PSNR and SSIM of upscaled images, by the protocols of super-resolution."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.metrics.psnr import Images, check_alike, psnr
from jaxgan.metrics.ssim import ssim
from jaxgan.ops.ycbcr import luma

_WINDOW = 11
"""Smallest side of an image for which SSIM is measured."""


def fidelity(made: Images, real: Images, scale: int) -> dict[str, Float[Array, "batch"]]:
    """PSNR in decibels and SSIM of each image, by name, such as ``psnr_y_x2_border2``.

    ``y`` is the luma of BT.601, from 16 to 235, not rounded; ``rgb`` or ``grey`` is all channels. A
    ``border`` of as many pixels as the scale is left out at each side. SSIM is omitted if the rest
    is narrower than its window of 11 pixels.

    Args:
      made: upscaled images, 0 to 255.
      real: originals of the same shape.
      scale: upscaling factor.

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
