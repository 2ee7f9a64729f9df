"""The transformation net of fast style transfer (Johnson et al. 2016)."""

from functools import partial
from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from jaxgan.nets.checks import check_choices, check_multiple
from jaxgan.nets.translation import Layer
from jaxgan.ops import Initializer, Norm, Padding, upsample
from jaxgan.typing import Image


class StyleNet(nn.Module):
    """c9s1-32, d64, d128, residual blocks of 128, u64, u32, c9s1-3, tanh.

    cKs1: conv of stride 1; d: conv k3 s2; u: nearest-neighbour upsampling by 2, then conv k3, which
    avoids the checkerboard of a transposed convolution. Norm and ReLU follow each but the last. A
    block is conv k3, norm, ReLU, conv k3, norm, added to its input. The net is fully convolutional:
    sides can be any multiple of 4 from 8.

    Reference: Johnson et al. 2016, supplementary material, table 1, with the instance norm of
    Ulyanov et al. 2016 and the upsampling of Odena et al. 2016.
    """

    blocks: int = 5
    """Number of residual blocks."""
    features: int = 32
    """Channels of the first layer."""
    padding: Padding = "reflect"
    """Padding of every convolution."""
    norm: Norm = "instance"
    """Normalization of all layers but the last; ``weight`` and ``spectral`` apply to all."""
    initializer: Initializer = "dcgan"
    """Initializer of kernels and gains."""
    image_shape: tuple[int, int, int] = (256, 256, 3)
    """Shape (height, width, channels) of the data."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    multiple = 4
    """Number that must divide the sides of an input image."""

    @nn.compact
    def __call__(self, images: Image, train: bool = True) -> Image:
        """(n, h, w, c) to the same shape, in [-1, 1]."""
        check_choices(self)
        check_multiple(self, images, 2 * self.multiple)
        layer = partial(
            Layer, norm=self.norm, initializer=self.initializer, padding=self.padding,
            dtype=self.dtype,
        )  # fmt: skip
        x = layer(self.features, 9)(images, train)
        for stage in (1, 2):
            x = layer(self.features << stage, 3, strides=2)(x, train)
        for _ in range(self.blocks):
            y = layer(x.shape[-1], 3)(x, train)
            x += layer(x.shape[-1], 3, activation=None)(y, train)
        for stage in (1, 0):
            x = layer(self.features << stage, 3)(upsample(x), train)
        last = partial(layer, normalize=False, activation=None, dtype=jnp.float32)
        return jnp.tanh(last(self.image_shape[2], 9)(x, train))
