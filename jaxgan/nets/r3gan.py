"""The convolutional networks of R3GAN (Huang et al. 2024, section 4 and appendix).

They consist of residual blocks of three convolutions without normalization, and of resampling with
a low-pass filter [1, 2, 1] between them. They are initialized as in Fixup (Zhang et al. 2019): the
last convolution of a block with 0, the others with He's values times L^(-1/4) for L blocks.

With ``magnitude_preserving`` the nets use the layers of :mod:`jaxgan.ops.magnitude` (Karras et al.
2024): normalized weights without biases, SiLU, weighted sums, and a learned gain of the result. The
low-pass filter still reduces the magnitude of high frequencies.
"""

import math
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.nn.initializers import normal, ones, variance_scaling, zeros

from jaxgan.nets.checks import check_images, doublings, read_labels
from jaxgan.ops import Conv
from jaxgan.ops.lowpass import lowpass_downsample, lowpass_upsample
from jaxgan.ops.magnitude import MPConv, MPDense, MPEmbed, mp_silu, mp_sum, unit, unit_normal
from jaxgan.typing import Image, Label, Latent, Logits

SLOPE = 0.2
"""Negative slope of LeakyReLU."""
WHOLE = 32
"""Largest side of a map with all channels; each doubling above halves them."""

_LINEAR = variance_scaling(1.0, "fan_in", "normal")


class R3GANBlock(nn.Module):
    """x + conv1(act(conv3(act(conv1(x))))): to ``expansion`` times the channels and back.

    The k3 convolution in the middle has groups of ``group`` channels, or of their greatest common
    divisor with the number of channels. A bias precedes each LeakyReLU of slope 0.2.
    """

    expansion: int = 2
    """Number of channels inside the block, divided by that of x."""
    group: int = 16
    """Number of channels per group."""
    blocks: int = 1
    """Number L of residual blocks in the whole network."""
    dtype: Any = jnp.float32
    """Dtype of the computation."""
    magnitude_preserving: bool = False
    """Whether to use normalized weights, SiLU and a sum with weights 0.7 and 0.3."""

    @nn.compact
    def __call__(self, x: Image) -> Image:
        """The same shape as ``x``."""
        inner = self.expansion * x.shape[-1]
        groups = inner // math.gcd(self.group, inner)
        if self.magnitude_preserving:
            y = mp_silu(MPConv(inner, 1, dtype=self.dtype)(x))
            y = mp_silu(MPConv(inner, 3, groups, self.dtype)(y))
            return mp_sum(x, MPConv(x.shape[-1], 1, dtype=self.dtype)(y))
        scale = 2 / (1 + SLOPE**2) / math.sqrt(self.blocks)
        conv = partial(
            Conv, dtype=self.dtype, kernel_init=variance_scaling(scale, "fan_in", "normal")
        )
        y = nn.leaky_relu(conv(inner, (1, 1))(x), SLOPE)
        y = nn.leaky_relu(conv(inner, (3, 3), feature_group_count=groups)(y), SLOPE)
        last = Conv(x.shape[-1], (1, 1), use_bias=False, dtype=self.dtype, kernel_init=zeros)
        return x + last(y)


class R3GANGenerator(nn.Module):
    """z to an image: a learned 4x4 map scaled by a dense layer of z, then a stage per size.

    A stage is a k1 convolution if the number of channels changes, upsampling, and ``blocks``
    blocks. A last k1 convolution makes the image, without tanh. The label embedding is concatenated
    to z.
    """

    features: int = 768
    """Number of channels up to 32 px, halved at each doubling above."""
    blocks: int = 2
    """Number of blocks at each size."""
    expansion: int = 2
    """Number of channels inside a block, divided by the number outside."""
    group: int = 16
    """Number of channels per group in a block's k3 convolution."""
    magnitude_preserving: bool = False
    """Whether to use the layers of :mod:`jaxgan.ops.magnitude` instead of the paper's."""
    image_shape: tuple[int, int, int] = (32, 32, 3)
    """Shape (height, width, channels) of the data."""
    num_classes: int = 0
    """Number of classes; 0: unconditional."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, z: Latent, labels: Label | None = None, train: bool = True) -> Image:
        """(n, latent) to (n, height, width, channels), in about [-1, 1]."""
        del train
        stages = doublings(self, 4, 8) + 1
        labels = read_labels(self, labels)
        if labels is not None:
            z = jnp.concatenate([z, _embedded(self, labels, z.shape[-1])], axis=-1)
        width = _width(self, 4)
        basis = _basis(self, width, 1.0)
        scales = _dense(self, width, self.dtype)(z.astype(self.dtype))
        x = basis.astype(self.dtype)[None] * scales[:, None, None]
        for stage in range(stages):
            if stage:
                x = lowpass_upsample(_resized(self, x, _width(self, 4 << stage)))
            x = _blocks(self, x, stages)
        x = _conv1(self, self.image_shape[2], jnp.float32)(x.astype(jnp.float32))
        return _gained(self, x)


class R3GANDiscriminator(nn.Module):
    """An image to a score: the generator in reverse.

    A k1 convolution takes the image. Each size has ``blocks`` blocks, downsampling, and a k1
    convolution if the number of channels changes. At 4 px each channel is multiplied by a learned
    map and summed over pixels, and a dense layer follows. With labels that layer has as many units
    as channels, and the score is its inner product with Embed(y).
    """

    features: int = 768
    """Number of channels up to 32 px, halved at each doubling above."""
    blocks: int = 2
    """Number of blocks at each size."""
    expansion: int = 2
    """Number of channels inside a block, divided by the number outside."""
    group: int = 16
    """Number of channels per group in a block's k3 convolution."""
    magnitude_preserving: bool = False
    """Whether to use the layers of :mod:`jaxgan.ops.magnitude` instead of the paper's."""
    outputs: int = 1
    """Logits per image: 1; K for K classes in :class:`~jaxgan.algorithms.SGAN`, K + 1 in a
    :class:`~jaxgan.algorithms.GAN` with ``class_loss``."""
    image_shape: tuple[int, int, int] = (32, 32, 3)
    """Shape (height, width, channels) of the data."""
    num_classes: int = 0
    """Number of classes; 0: unconditional."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, images: Image, labels: Label | None = None, train: bool = True) -> Logits:
        """(n, height, width, channels) to (n,), or to (n, outputs) if ``outputs`` is above 1."""
        del train
        check_images(self, images)
        stages = doublings(self, 4, 8) + 1
        labels = read_labels(self, labels)
        if self.magnitude_preserving:  # a constant channel replaces all biases
            images = jnp.concatenate([images, jnp.ones_like(images[..., :1])], axis=-1)
        x = _conv1(self, _width(self, 2 << stages), self.dtype)(images.astype(self.dtype))
        for stage in reversed(range(stages)):
            x = _blocks(self, x, stages)
            if stage:
                x = _resized(self, lowpass_downsample(x), _width(self, 2 << stage))
        x = x.astype(jnp.float32)
        phi = (x * _basis(self, x.shape[-1], 1 / 4)[None]).sum((1, 2))
        self.sow("intermediates", "features", phi)
        if labels is None:
            logits = _dense(self, self.outputs)(phi)
            return _gained(self, logits if self.outputs > 1 else logits[:, 0])
        width = phi.shape[-1]
        embedding = _embedded(self, labels, width, 1 / math.sqrt(width))
        return _gained(self, (_dense(self, width)(phi) * embedding).sum(-1))


_Net: TypeAlias = R3GANGenerator | R3GANDiscriminator


def _width(net: _Net, size: int) -> int:
    """The number of channels of a map of that size."""
    return max(net.features * WHOLE // max(size, WHOLE), 1)


def _embedded(net: _Net, labels: Label, features: int, gain: float = 1.0) -> jax.Array:
    """Embed(y), initialized like a linear layer of the one-hot label."""
    if net.magnitude_preserving:
        return gain * MPEmbed(net.num_classes, features)(labels)
    init = normal(gain / math.sqrt(net.num_classes))
    return nn.Embed(net.num_classes, features, embedding_init=init)(labels)


def _basis(net: _Net, features: int, scale: float) -> jax.Array:
    """The learned 4x4 map."""
    shape = (4, 4, features)
    if net.magnitude_preserving:
        return scale * unit(net.param("unit_basis", unit_normal, shape))
    return net.param("basis", normal(scale), shape)


def _dense(net: _Net, features: int, dtype: Any = jnp.float32) -> nn.Module:
    if net.magnitude_preserving:
        return MPDense(features, dtype)
    return nn.Dense(features, use_bias=False, kernel_init=_LINEAR, dtype=dtype)


def _conv1(net: _Net, features: int, dtype: Any) -> nn.Module:
    if net.magnitude_preserving:
        return MPConv(features, 1, dtype=dtype)
    return Conv(features, (1, 1), use_bias=False, dtype=dtype, kernel_init=_LINEAR)


def _gained(net: _Net, x: jax.Array) -> jax.Array:
    """The result times a learned gain if the layers preserve the magnitude."""
    return x * net.param("gain", ones, ()) if net.magnitude_preserving else x


def _resized(net: _Net, x: jax.Array, features: int) -> jax.Array:
    return x if x.shape[-1] == features else _conv1(net, features, net.dtype)(x)


def _blocks(net: _Net, x: jax.Array, stages: int) -> jax.Array:
    total = stages * net.blocks
    for _ in range(net.blocks):
        x = R3GANBlock(net.expansion, net.group, total, net.dtype, net.magnitude_preserving)(x)
    return x
