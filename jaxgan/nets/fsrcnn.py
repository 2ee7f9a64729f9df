"""FSRCNN: a light super-resolution net that works at low resolution (Dong et al. 2016)."""

from functools import partial
from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from jaxgan.nets.super_resolution import check_scale
from jaxgan.ops import Conv, ConvTranspose, PReLU, kernel_init
from jaxgan.typing import Enlarged, Image

_LAST = 9
"""Side of the kernel of the transposed convolution."""


class FSRCNN(nn.Module):
    """Conv(5, d)-Conv(1, s)-m Conv(3, s)-Conv(1, d)-DeConv(9), with a PReLU after all but the last.

    FSRCNN(56, 12, 4) for one channel has 12,637 weights and biases, and 172 slopes.

    Reference: Dong et al. 2016, Accelerating the Super-Resolution Convolutional Neural Network,
    section 3.2.
    """

    scale: int = 2
    """Upscaling factor: 2, 3 or 4."""
    features: int = 56
    """Number d of channels of the low-resolution features."""
    shrunk: int = 12
    """Number s of channels of the mapping layers."""
    blocks: int = 4
    """Number m of mapping layers."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @property
    def reach(self) -> int:
        """Largest distance, in input pixels, at which the input affects an output pixel."""
        return 2 + self.blocks + -(-_LAST // (2 * self.scale)) + 1

    @nn.compact
    def __call__(self, images: Image) -> Enlarged:
        """(n, h, w, c) to (n, h scale, w scale, c)."""
        check_scale(self)
        conv = partial(Conv, kernel_init=kernel_init("he"), dtype=self.dtype)
        x = images
        for width, side in (
            (self.features, 5),
            (self.shrunk, 1),
            *((self.shrunk, 3),) * self.blocks,
            (self.features, 1),
        ):
            x = PReLU()(conv(width, (side, side))(x))
        low = (_LAST - 1) // 2
        return ConvTranspose(
            images.shape[-1],
            (_LAST, _LAST),
            strides=(self.scale, self.scale),
            padding=((low, low + self.scale - 1),) * 2,
            kernel_init=nn.initializers.normal(0.001),
            dtype=jnp.float32,
        )(x)
