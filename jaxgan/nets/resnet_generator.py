"""The ResNet generator of CycleGAN (Zhu et al. 2017, appendix 7.2; Johnson et al. 2016)."""

from functools import partial
from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from jaxgan.nets.checks import check_choices, check_multiple
from jaxgan.nets.translation import Layer
from jaxgan.ops import Initializer, Norm, Padding
from jaxgan.typing import Image


class ResNetGenerator(nn.Module):
    """c7s1-64, d128, d256, residual blocks of 256, u128, u64, c7s1-3, tanh.

    cKs1: conv of stride 1; d: conv k3 s2; u: convT k3 s2. Norm and ReLU follow each but the last. A
    block is conv k3, norm, ReLU, conv k3, norm, added to its input. With nine blocks and RGB there
    are 11,378,179 parameters. The net is fully convolutional: sides can be any multiple of 4 from
    8.
    """

    blocks: int = 0
    """Number of residual blocks; 0: 9 for images of 256 pixels or more, otherwise 6."""
    features: int = 64
    """Channels of the first layer."""
    padding: Padding = "reflect"
    """Padding around the k7 convolutions and in the blocks; strided convolutions use zero
    padding."""
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
        layer = partial(Layer, norm=self.norm, initializer=self.initializer, dtype=self.dtype)
        x = layer(self.features, 7, padding=self.padding)(images, train)
        for stage in (1, 2):
            x = layer(self.features << stage, 3, strides=2)(x, train)
        for _ in range(self._blocks()):
            y = layer(x.shape[-1], 3, padding=self.padding)(x, train)
            x += layer(x.shape[-1], 3, padding=self.padding, activation=None)(y, train)
        for stage in (1, 0):
            x = layer(self.features << stage, 3, strides=2, transpose=True)(x, train)
        last = partial(layer, normalize=False, activation=None, dtype=jnp.float32)
        return jnp.tanh(last(self.image_shape[2], 7, padding=self.padding)(x, train))

    def _blocks(self) -> int:
        return self.blocks or (9 if min(self.image_shape[:2]) >= 256 else 6)
