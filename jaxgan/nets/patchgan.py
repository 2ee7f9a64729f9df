"""Patch discriminators (Isola et al. 2017, appendix 6.1.2; Zhu et al. 2017, appendix 7.2)."""

from functools import partial
from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from jaxgan.errors import InputError
from jaxgan.nets.checks import check_choices, role
from jaxgan.nets.translation import Layer, leaky_relu
from jaxgan.ops import Initializer, Norm
from jaxgan.typing import Image, Label, Logits


class PatchGAN(nn.Module):
    """C64-C128-C256-C512, then conv k4 to one score per patch; 70x70 patches overlap.

    Ck: conv k4, norm, LeakyReLU 0.2, padded by one pixel. The stride is 2, but 1 for the last two
    convolutions. The first has no norm. With RGB there are 2,764,737 parameters, and 30x30 scores
    at 256 px.
    """

    layers: int = 3
    """Number of convolutions of stride 2: the receptive field of a score is 16, 34, 70, 142 ...
    pixels for 1, 2, 3, 4 ..."""
    features: int = 64
    """Channels of the first layer, doubled at each stage up to 8 times."""
    norm: Norm = "instance"
    """Normalization; ``weight`` and ``spectral`` apply to all layers."""
    initializer: Initializer = "dcgan"
    """Initializer of kernels and gains."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, images: Image, labels: Label | None = None, train: bool = True) -> Logits:
        """(n, h, w, c) to (n, h', w')."""
        del labels
        check_choices(self)
        self._check(images)
        layer = partial(
            Layer, size=4, norm=self.norm, initializer=self.initializer, dtype=self.dtype
        )
        x = images
        for stage in range(self.layers + 1):
            strides = 2 if stage < self.layers else 1
            x = layer(
                self.features << min(stage, 3),
                strides=strides,
                normalize=stage > 0,
                activation=leaky_relu,
            )(x, train)
        last = layer(1, normalize=False, activation=None, dtype=jnp.float32)
        return last(x, train)[..., 0]

    def _check(self, images: Image) -> None:
        if self.layers < 1:
            raise InputError(f"{role(self)}.layers: {self.layers} is below 1")
        least = 3 << self.layers
        if min(images.shape[1:3]) < least:
            raise InputError(
                f"data.image_size: PatchGAN with {self.layers} layers needs {least} pixels, not"
                f" {min(images.shape[1:3])}: use {least}, or fewer {role(self)}.layers"
            )


class PixelDiscriminator(nn.Module):
    """1x1 convolutions with 64 and 128 channels, then one score per pixel ("1x1 PixelGAN")."""

    features: int = 64
    """Channels of the first layer."""
    norm: Norm = "instance"
    """Normalization of the second layer; ``weight`` and ``spectral`` apply to all layers."""
    initializer: Initializer = "dcgan"
    """Initializer of kernels and gains."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, images: Image, labels: Label | None = None, train: bool = True) -> Logits:
        """(n, h, w, c) to (n, h, w)."""
        del labels
        check_choices(self)
        layer = partial(
            Layer, size=1, norm=self.norm, initializer=self.initializer, dtype=self.dtype
        )
        x = layer(self.features, normalize=False, activation=leaky_relu)(images, train)
        x = layer(2 * self.features, activation=leaky_relu)(x, train)
        last = layer(1, normalize=False, activation=None, dtype=jnp.float32)
        return last(x, train)[..., 0]
