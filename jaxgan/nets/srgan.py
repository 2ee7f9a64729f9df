"""The nets of SRGAN (Ledig et al. 2017): SRResNet, and a discriminator for images of any size."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxgan.nets.checks import check_choices
from jaxgan.nets.super_resolution import Upsampler, check_scale, small_init
from jaxgan.nets.translation import Layer, leaky_relu
from jaxgan.ops import Conv, Norm, Normalize, PReLU
from jaxgan.typing import Enlarged, Image, Label, Logits


class SRResNet(nn.Module):
    """k9n64, 16 blocks of two k3n64 with batch norm, k3n64, plus the first map; upsampler, k9.

    A PReLU stands between the two convolutions of a block, and after each pixel shuffle.

    Reference: Ledig et al. 2017, Photo-Realistic Single Image Super-Resolution Using a GAN, figure
    4. The paper has x4.
    """

    scale: int = 4
    """Upscaling factor: 2, 3 or 4."""
    features: int = 64
    """Channels of all maps at low resolution."""
    blocks: int = 16
    """Number of residual blocks."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, statistics, the last layer and the result are
    float32."""

    @property
    def reach(self) -> int:
        """Largest distance, in input pixels, at which the input affects an output pixel."""
        return 4 + 2 * self.blocks + 3 + 4 // self.scale

    @nn.compact
    def __call__(self, images: Image, train: bool = True) -> Enlarged:
        """(n, h, w, c) to (n, h scale, w scale, c)."""
        check_scale(self)
        first = x = PReLU()(Conv(self.features, (9, 9), dtype=self.dtype)(images))
        for _ in range(self.blocks):
            x += self._normalized(PReLU()(self._normalized(x, train)), train)
        x = first + self._normalized(x, train)
        x = Upsampler(self.scale, activate=True, dtype=self.dtype)(x)
        return Conv(images.shape[-1], (9, 9), kernel_init=small_init, dtype=jnp.float32)(x)

    def _normalized(self, x: jax.Array, train: bool) -> jax.Array:
        x = Conv(self.features, (3, 3), use_bias=False, dtype=self.dtype)(x)
        return Normalize("batch", dtype=self.dtype)(x, train)


class SRGANDiscriminator(nn.Module):
    """k3 convolutions with 64, 64, 128, 128, 256, 256, 512, 512 channels, then two dense layers.

    Every second convolution has stride 2. All but the first have a norm, and LeakyReLU 0.2 follows
    each. The paper flattens the maps of 96-pixel crops. Here the dense layers get their mean, so
    the net takes images of any size.
    """

    features: int = 64
    """Channels of the first layer, doubled at each stage up to 8 times."""
    dense: int = 1024
    """Number of units in the first dense layer."""
    norm: Norm = "batch"
    """Normalization; ``weight`` and ``spectral`` apply to every convolution."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the dense layers and the result are float32."""

    @nn.compact
    def __call__(self, images: Image, labels: Label | None = None, train: bool = True) -> Logits:
        """(n, h, w, c) to (n,)."""
        del labels
        check_choices(self)
        layer = partial(
            Layer,
            size=3,
            norm=self.norm,
            initializer="lecun",
            activation=leaky_relu,
            dtype=self.dtype,
        )
        x = images
        for i in range(8):
            width = self.features << i // 2
            x = layer(width, strides=1 + i % 2, normalize=i > 0)(x, train)
        x = x.mean((1, 2)).astype(jnp.float32)
        x = leaky_relu(nn.Dense(self.dense)(x))
        return nn.Dense(1)(x)[:, 0]
