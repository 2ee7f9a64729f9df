"""The convolutional networks of R3GAN (Huang et al. 2024, section 4 and appendix).

Residual blocks of three convolutions without any normalization, between resampling through a
low-pass filter [1, 2, 1]. They start as Fixup does (Zhang et al. 2019): the last convolution of a
block at 0, the others He's times L^(-1/4) for L blocks.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.nn.initializers import normal, variance_scaling, zeros

from jaxgan.nets.checks import check_images, doublings, read_labels
from jaxgan.ops import Conv
from jaxgan.ops.lowpass import lowpass_downsample, lowpass_upsample
from jaxgan.typing import Image, Label, Latent, Logits

SLOPE = 0.2
"""Slope of LeakyReLU below 0."""
WHOLE = 32
"""Largest side of a map that has all channels; each doubling above halves them."""

_LINEAR = variance_scaling(1.0, "fan_in", "normal")
_Dense = partial(nn.Dense, use_bias=False, kernel_init=_LINEAR)


class R3GANBlock(nn.Module):
    """x + conv1(act(conv3(act(conv1(x))))): to ``expansion`` times the channels and back.

    The convolution in the middle is k3 in groups of ``group`` channels, or of their greatest
    common divisor with the channels. A bias precedes each LeakyReLU of slope 0.2.
    """

    expansion: int = 2
    """Channels inside by those of x."""
    group: int = 16
    """Channels of a group."""
    blocks: int = 1
    """L, the residual blocks of the whole network."""
    dtype: Any = jnp.float32
    """Type of the computation."""

    @nn.compact
    def __call__(self, x: Image) -> Image:
        """The same shape as ``x``."""
        inner = self.expansion * x.shape[-1]
        groups = inner // math.gcd(self.group, inner)
        scale = 2 / (1 + SLOPE**2) / math.sqrt(self.blocks)
        conv = partial(
            Conv, dtype=self.dtype, kernel_init=variance_scaling(scale, "fan_in", "normal")
        )
        y = nn.leaky_relu(conv(inner, (1, 1))(x), SLOPE)
        y = nn.leaky_relu(conv(inner, (3, 3), feature_group_count=groups)(y), SLOPE)
        last = Conv(x.shape[-1], (1, 1), use_bias=False, dtype=self.dtype, kernel_init=zeros)
        return x + last(y)


class R3GANGenerator(nn.Module):
    """z to an image: a learned 4x4 map scaled by a dense layer of z, then a stage at each size.

    A stage is a k1 convolution where the channels change, upsampling, and ``blocks`` blocks. A k1
    convolution makes the image, without tanh. Labels are embedded beside z.
    """

    features: int = 768
    """Channels up to 32 px; half as many for each doubling above."""
    blocks: int = 2
    """Blocks at each size."""
    expansion: int = 2
    """Channels inside a block by those outside."""
    group: int = 16
    """Channels of a group in a block's k3 convolution."""
    image_shape: tuple[int, int, int] = (32, 32, 3)
    """(height, width, channels) of the data."""
    num_classes: int = 0
    """Classes of the data; 0 is unconditional."""
    dtype: Any = jnp.float32
    """Type of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, z: Latent, labels: Label | None = None, train: bool = True) -> Image:
        """(n, latent) to (n, height, width, channels), around [-1, 1]."""
        del train
        stages = doublings(self, 4, 8) + 1
        labels = read_labels(self, labels)
        if labels is not None:
            z = jnp.concatenate([z, _embedded(self, labels, z.shape[-1])], axis=-1)
        width = _width(self, 4)
        basis = self.param("basis", normal(1.0), (4, 4, width))
        scales = _Dense(width, dtype=self.dtype)(z.astype(self.dtype))
        x = basis.astype(self.dtype)[None] * scales[:, None, None]
        for stage in range(stages):
            if stage:
                x = lowpass_upsample(_resized(self, x, _width(self, 4 << stage)))
            x = _blocks(self, x, stages)
        return _conv1(self.image_shape[2], jnp.float32)(x.astype(jnp.float32))


class R3GANDiscriminator(nn.Module):
    """An image to a score: the generator backwards.

    A k1 convolution of the image; at each size ``blocks`` blocks, downsampling and a k1 convolution
    where the channels change; at 4 px each channel's product with a learned map, summed, then
    dense. With labels that layer has as many units as channels, and the score is their product with
    Embed(y).
    """

    features: int = 768
    """Channels up to 32 px; half as many for each doubling above."""
    blocks: int = 2
    """Blocks at each size."""
    expansion: int = 2
    """Channels inside a block by those outside."""
    group: int = 16
    """Channels of a group in a block's k3 convolution."""
    image_shape: tuple[int, int, int] = (32, 32, 3)
    """(height, width, channels) of the data."""
    num_classes: int = 0
    """Classes of the data; 0 is unconditional."""
    dtype: Any = jnp.float32
    """Type of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, images: Image, labels: Label | None = None, train: bool = True) -> Logits:
        """(n, height, width, channels) to (n,)."""
        del train
        check_images(self, images)
        stages = doublings(self, 4, 8) + 1
        labels = read_labels(self, labels)
        x = _conv1(_width(self, 2 << stages), self.dtype)(images.astype(self.dtype))
        for stage in reversed(range(stages)):
            x = _blocks(self, x, stages)
            if stage:
                x = _resized(self, lowpass_downsample(x), _width(self, 2 << stage))
        x = x.astype(jnp.float32)
        basis = self.param("basis", normal(1 / 4), (4, 4, x.shape[-1]))
        phi = (x * basis[None]).sum((1, 2))
        self.sow("intermediates", "features", phi)
        if labels is None:
            return _Dense(1)(phi)[:, 0]
        width = phi.shape[-1]
        embedding = _embedded(self, labels, width, 1 / math.sqrt(width))
        return (_Dense(width)(phi) * embedding).sum(-1)


def _width(net: R3GANGenerator | R3GANDiscriminator, size: int) -> int:
    """The channels of a map of that size."""
    return max(net.features * WHOLE // max(size, WHOLE), 1)


def _embedded(
    net: R3GANGenerator | R3GANDiscriminator, labels: Label, features: int, gain: float = 1.0
) -> jax.Array:
    """Embed(y), which starts as a linear layer of the one-hot label does."""
    init = normal(gain / math.sqrt(net.num_classes))
    return nn.Embed(net.num_classes, features, embedding_init=init)(labels)


def _conv1(features: int, dtype: Any) -> Conv:
    return Conv(features, (1, 1), use_bias=False, dtype=dtype, kernel_init=_LINEAR)


def _resized(net: R3GANGenerator | R3GANDiscriminator, x: jax.Array, features: int) -> jax.Array:
    return x if x.shape[-1] == features else _conv1(features, net.dtype)(x)


def _blocks(net: R3GANGenerator | R3GANDiscriminator, x: jax.Array, stages: int) -> jax.Array:
    for _ in range(net.blocks):
        x = R3GANBlock(net.expansion, net.group, stages * net.blocks, net.dtype)(x)
    return x
