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
    """C64-C128-C256-C512-...-C512 down and the reverse up, with a skip at each size; tanh.

    Ck: conv k4 s2, norm, LeakyReLU 0.2. Up: convT k4 s2, norm, dropout in the first ``dropouts``
    layers of width 512, ReLU. The first and the innermost conv have no norm. With eight halvings,
    RGB and batch norm ("U-Net-256") there are 54,413,955 parameters. Dropout uses the random stream
    ``dropout``.
    """

    depth: int = 0
    """Number of halvings; 0: as many as the smaller side of the images allows, at most 8."""
    features: int = 64
    """Channels of the first layer, doubled at each stage up to 8 times."""
    norm: Norm = "batch"
    """Normalization of activations; ``instance`` is per image and does not change at test time."""
    dropout: float = 0.5
    """Dropout rate in training."""
    initializer: Initializer = "dcgan"
    """Initializer of kernels and gains."""
    image_shape: tuple[int, int, int] = (256, 256, 3)
    """Shape (height, width, channels) of the data."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    dropouts = 3
    """Number of up-convolutions with dropout, starting at the second innermost."""

    @property
    def multiple(self) -> int:
        """Number that must divide the sides of an input image."""
        return 1 << self.halvings

    @property
    def halvings(self) -> int:
        """The number of halvings: ``depth``, or the number that 0 stands for."""
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
            # No activation yet: LeakyReLU follows on the way down, ReLU on the way up.
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
