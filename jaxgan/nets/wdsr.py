"""WDSR-B: wide activations and weight norm (Yu et al. 2018)."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxgan.nets.super_resolution import check_scale, small_init
from jaxgan.ops import Conv, WeightNorm, pixel_shuffle
from jaxgan.typing import Enlarged, Image


class WDSR(nn.Module):
    """Conv k3; blocks ``x + r conv3(conv1(relu(conv1(x))))``; conv k3 and pixel shuffle.

    A block widens its input 6 times before the ReLU, and narrows it to 0.8 times its channels
    afterwards. A second path, one k5 convolution of the image and a pixel shuffle, is added to the
    output. Every kernel is ``g v / ||v||`` in every call, so inference needs no training state
    besides the parameters.

    Reference: Yu et al. 2018, Wide Activation for Efficient and Accurate Image Super-Resolution,
    section 3.
    """

    scale: int = 2
    """Upscaling factor: 2, 3 or 4."""
    features: int = 32
    """Channels of all maps between blocks."""
    blocks: int = 16
    """Number of residual blocks."""
    expansion: int = 6
    """Number of channels before a block's ReLU, divided by ``features``."""
    residual_scale: float = 1.0
    """Factor r of a block's residual."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @property
    def reach(self) -> int:
        """Largest distance, in input pixels, at which the input affects an output pixel."""
        return self.blocks + 2

    @nn.compact
    def __call__(self, images: Image) -> Enlarged:
        """(n, h, w, c) to (n, h scale, w scale, c)."""
        check_scale(self)

        def conv(x: jax.Array, width: int, side: int, **how: Any) -> jax.Array:
            return WeightNorm(Conv(width, (side, side), **{"dtype": self.dtype, **how}))(x)

        last = {"kernel_init": small_init, "dtype": jnp.float32}
        pixels = self.scale**2 * images.shape[-1]
        x = conv(images, self.features, 3)
        for _ in range(self.blocks):
            wide = nn.relu(conv(x, self.expansion * self.features, 1))
            narrow = conv(wide, max(1, int(0.8 * self.features)), 1)
            x += self.residual_scale * conv(narrow, self.features, 3)
        x = conv(x, pixels, 3, **last) + conv(images, pixels, 5, **last)
        return pixel_shuffle(x, self.scale)
