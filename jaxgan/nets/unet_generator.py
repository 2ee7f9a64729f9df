"""The U-Net generator of pix2pix (Isola et al. 2017, appendix 6.1.1)."""

from functools import partial
from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from jaxgan.nets.checks import check_choices, check_multiple
from jaxgan.nets.dropout import dropout
from jaxgan.nets.translation import Layer, leaky_relu
from jaxgan.ops import Initializer, Norm, mixes_batch
from jaxgan.typing import Image


class UNetGenerator(nn.Module):
    """C64-C128-C256-C512-...-C512 down, as many up, each joined to the map of its size, tanh.

    Ck: conv k4 s2, norm, LeakyReLU 0.2; up: convT k4 s2, norm, dropout in the ``dropouts`` first
    512-wide ones, ReLU. No norm after the first and the innermost conv. Eight halvings, RGB and
    batch norm ("U-Net-256") are 54,413,955 parameters. Dropout draws from the stream ``dropout``.
    """

    depth: int = 0
    """Halvings; 0 is as many as the smaller side of the images allows, 8 at most."""
    features: int = 64
    """Channels of the first layer, doubled at each stage up to 8 times."""
    norm: Norm = "batch"
    """Normalization of activations; ``instance`` is per image and the same at test time."""
    dropout: float = 0.5
    """Share of activations that is dropped while training."""
    initializer: Initializer = "dcgan"
    """Initializer of kernels and gains."""
    image_shape: tuple[int, int, int] = (256, 256, 3)
    """(height, width, channels) of the data."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    dropouts = 3
    """Up-convolutions with dropout, from the second innermost on."""

    @property
    def multiple(self) -> int:
        """Number that must divide the sides of an input image."""
        return 1 << self.halvings

    @property
    def halvings(self) -> int:
        """The depth, chosen."""
        least = max(min(self.image_shape[:2]), 2)
        return self.depth or min(8, least.bit_length() - 1)

    @nn.compact
    def __call__(self, images: Image, train: bool = True) -> Image:
        """(n, h, w, c) to the same shape, in [-1, 1]."""
        check_choices(self)
        check_multiple(self, images, self.multiple)
        depth = self.halvings
        layer = partial(
            Layer, size=4, strides=2, norm=self.norm, initializer=self.initializer, dtype=self.dtype
        )
        widths = [self.features << min(stage, 3) for stage in range(depth)]
        x, skips = images, []
        for stage, width in enumerate(widths):
            # No activation yet: LeakyReLU comes on the way down, ReLU on the way up.
            plain = stage in (0, depth - 1)
            bias = not mixes_batch(self.norm)
            x = layer(width, use_bias=bias, normalize=not plain, activation=None)(x, train)
            skips.append(x)
            x = leaky_relu(x)
        x = nn.relu(skips.pop())
        for stage in reversed(range(depth - 1)):
            x = layer(widths[stage], transpose=True, activation=None)(x, train)
            if depth - 2 - self.dropouts <= stage < depth - 2:
                x = dropout(self, x, self.dropout, train)
            x = nn.relu(jnp.concatenate([skips.pop(), x], axis=-1))
        last = partial(layer, normalize=False, activation=None, dtype=jnp.float32)
        return jnp.tanh(last(self.image_shape[2], transpose=True)(x, train))
