"""EDSR: residual blocks without batch norm (Lim et al. 2017)."""

from functools import partial
from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from jaxgan.nets.super_resolution import Upsampler, check_scale, small_init
from jaxgan.ops import Conv
from jaxgan.typing import Enlarged, Image


class EDSR(nn.Module):
    """Conv, blocks ``x + r conv(relu(conv(x)))``, conv, plus the first map; then upsampler, conv.

    All convolutions are 3x3. The defaults are the paper's baseline, with 1,369,859 parameters at
    x2. The large model has ``blocks=32, features=256, residual_scale=0.1``. The authors subtract
    DIV2K's mean colour from the images; here images are centred by their range, [-1, 1].

    Reference: Lim et al. 2017, Enhanced Deep Residual Networks, section 3.
    """

    scale: int = 2
    """Upscaling factor: 2, 3 or 4."""
    features: int = 64
    """Channels of all maps at low resolution."""
    blocks: int = 16
    """Number of residual blocks."""
    residual_scale: float = 1.0
    """Factor r of a block's residual; 0.1 keeps wide nets stable."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @property
    def reach(self) -> int:
        """Largest distance, in input pixels, at which the input affects an output pixel."""
        return 2 * self.blocks + 5

    @nn.compact
    def __call__(self, images: Image) -> Enlarged:
        """(n, h, w, c) to (n, h scale, w scale, c)."""
        check_scale(self)
        conv = partial(Conv, self.features, (3, 3), dtype=self.dtype)
        first = x = conv()(images)
        for _ in range(self.blocks):
            inner = nn.relu(conv()(x))
            x += self.residual_scale * conv()(inner)
        x = Upsampler(self.scale, dtype=self.dtype)(first + conv()(x))
        return Conv(images.shape[-1], (3, 3), kernel_init=small_init, dtype=jnp.float32)(x)
