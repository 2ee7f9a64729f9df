"""The CycleGAN networks of *GANs in Action* (Langr and Bok, ch. 9).

The book uses 128 px. Kernels are initialized as in Keras (Glorot), and the norm follows the
activation. The book's norm is over all channels of an image together; here it is CycleGAN's, per
channel.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxgan.nets.checks import check_choices, check_multiple
from jaxgan.nets.translation import Activation, leaky_relu
from jaxgan.ops import (
    Conv,
    Initializer,
    Norm,
    Normalize,
    apply_layer,
    gamma_init,
    kernel_init,
    upsample,
)
from jaxgan.typing import Image, Label, Logits


class _Layer(nn.Module):
    """Conv k4, activation, norm; 'same' padding."""

    norm: Norm
    initializer: Initializer
    features: int
    strides: int = 1
    activation: Activation | None = leaky_relu
    normalize: bool = True
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        init = kernel_init(self.initializer)
        conv = Conv(self.features, (4, 4), self.strides, dtype=self.dtype, kernel_init=init)
        x = apply_layer(conv, x, self.norm, train)
        x = self.activation(x) if self.activation else x
        if not self.normalize:
            return x
        gamma = gamma_init(self.initializer)
        return Normalize(self.norm, gamma_init=gamma, dtype=self.dtype)(x, train)


class BookUNetGenerator(nn.Module):
    """Conv k4 s2 to 32, 64, 128, 256; up to 128, 64, 32, each with its skip; to the image.

    Down: LeakyReLU 0.2 and norm. Up: upsample, conv k4, ReLU, norm, concatenation. The last
    activation is tanh.
    """

    depth: int = 4
    """Number of halvings, which must leave at least two pixels per side."""
    features: int = 32
    """Channels of the first layer, doubled with every halving up to 8 times."""
    norm: Norm = "instance"
    """Normalization of all layers but the last; ``weight`` and ``spectral`` apply to all."""
    initializer: Initializer = "glorot"
    """Initializer of kernels and gains."""
    image_shape: tuple[int, int, int] = (128, 128, 3)
    """Shape (height, width, channels) of the data."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @property
    def multiple(self) -> int:
        """Number that must divide the sides of an input image."""
        return 1 << self.depth

    @nn.compact
    def __call__(self, images: Image, train: bool = True) -> Image:
        """(n, h, w, c) to the same shape, in [-1, 1]."""
        check_choices(self)
        check_multiple(self, images, 2 * self.multiple)
        layer = partial(_Layer, self.norm, self.initializer, dtype=self.dtype)
        widths = [self.features << min(stage, 3) for stage in range(self.depth)]
        x, skips = images, []
        for width in widths:
            x = layer(width, strides=2)(x, train)
            skips.append(x)
        skips.pop()
        for width in reversed(widths[:-1]):
            x = layer(width, activation=nn.relu)(upsample(x), train)
            x = jnp.concatenate([x, skips.pop()], axis=-1)
        last = partial(layer, activation=None, normalize=False, dtype=jnp.float32)
        return jnp.tanh(last(self.image_shape[2])(upsample(x), train))


class BookPatchDiscriminator(nn.Module):
    """Conv k4 s2 to 64, 128, 256, 512, LeakyReLU 0.2 and norm (not in the first), conv k4 to 1.

    'Same' padding throughout: 8x8 scores at 128 px.
    """

    layers: int = 4
    """Number of convolutions of stride 2."""
    features: int = 64
    """Channels of the first layer, doubled with every layer up to 8 times."""
    norm: Norm = "instance"
    """Normalization; ``weight`` and ``spectral`` apply to all layers."""
    initializer: Initializer = "glorot"
    """Initializer of kernels and gains."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, images: Image, labels: Label | None = None, train: bool = True) -> Logits:
        """(n, h, w, c) to (n, h', w')."""
        del labels
        check_choices(self)
        layer = partial(_Layer, self.norm, self.initializer, dtype=self.dtype)
        x = images
        for stage in range(self.layers):
            x = layer(self.features << min(stage, 3), strides=2, normalize=stage > 0)(x, train)
        last = layer(1, activation=None, normalize=False, dtype=jnp.float32)
        return last(x, train)[..., 0]
