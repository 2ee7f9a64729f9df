"""Encoders and decoders: dense ones of any depth, and convolutional ones for images of any size.

An encoder maps images to codes. A decoder maps codes to images before the last nonlinearity: logits
or means of the pixels. Autoencoders and variational autoencoders use both; a variational encoder
returns two numbers per code dimension.
"""

import math
from functools import partial
from typing import Any, Literal, TypeAlias

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.nets.checks import check_choices, check_images, check_multiple
from jaxgan.nets.points import Activation, mlp
from jaxgan.nets.translation import Layer
from jaxgan.ops import Initializer, Norm, kernel_init, linear_init
from jaxgan.typing import Image

Codes: TypeAlias = Float[Array, "batch *code"]
"""Codes: one vector or one map per image."""

CodeForm: TypeAlias = Literal["vector", "map"]
"""Form of a code. ``vector``: dense layers make and read it. ``map``: convolutions only, for images
of any size."""


class DenseEncoder(nn.Module):
    """An image to a code: ``layers`` dense layers with activation, then a linear layer."""

    hidden: int = 256
    """Number of units in a hidden layer."""
    layers: int = 1
    """Number of hidden layers."""
    activation: Activation = "relu"
    """Activation of the hidden layers."""
    initializer: Initializer = "glorot"
    """Initializer of kernels; if it is one of He's, the last layer uses Glorot."""
    outputs: int = 2
    """Number of outputs per image, set by the method."""
    image_shape: tuple[int, int, int] = (28, 28, 1)
    """Shape (height, width, channels) of the data."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, images: Image) -> Codes:
        """(n, height, width, channels) to (n, outputs)."""
        check_images(self, images)
        return mlp(self, images.reshape(images.shape[0], -1), self.outputs)


class DenseDecoder(nn.Module):
    """A code to the logits of an image: ``layers`` dense layers with activation, then linear."""

    hidden: int = 256
    """Number of units in a hidden layer."""
    layers: int = 1
    """Number of hidden layers."""
    activation: Activation = "relu"
    """Activation of the hidden layers."""
    initializer: Initializer = "glorot"
    """Initializer of kernels; if it is one of He's, the last layer uses Glorot."""
    image_shape: tuple[int, int, int] = (28, 28, 1)
    """Shape (height, width, channels) of the data."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, codes: Codes) -> Image:
        """(n, numbers) to (n, height, width, channels)."""
        pixels = mlp(self, codes, math.prod(self.image_shape))
        return pixels.reshape(-1, *self.image_shape)


class ConvEncoder(nn.Module):
    """An image to a code: ``depth`` times conv k3 s2, norm and ReLU; then dense or conv k3.

    A side of n pixels becomes n / 2, rounded up, so every size is possible. Channels double with
    every halving, up to 8 times those of the first layer.
    """

    features: int = 32
    """Channels of the first layer."""
    depth: int = 2
    """Number of halvings."""
    norm: Norm = "none"
    """Normalization of the convolutions."""
    initializer: Initializer = "he"
    """Initializer of kernels; if it is one of He's, the last layer uses Glorot."""
    code: CodeForm = "vector"
    """Form of the code: a vector, or a map with ``outputs`` channels."""
    outputs: int = 2
    """Size of the code, or its number of channels; set by the method."""
    image_shape: tuple[int, int, int] = (28, 28, 1)
    """Shape (height, width, channels) of the data."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @property
    def multiple(self) -> int:
        """Number that must divide the sides of an image for a map; 0: images have one size."""
        return 1 << self.depth if self.code == "map" else 0

    @nn.compact
    def __call__(self, images: Image, train: bool = True) -> Codes:
        """(n, h, w, c) to (n, outputs), or (n, h / 2^depth, w / 2^depth, outputs)."""
        check_choices(self)
        if self.code == "map":
            check_multiple(self, images, self.multiple)
        else:
            check_images(self, images)
        x = images.astype(self.dtype)
        for stage in range(self.depth):
            x = _layer(self, _width(self, stage), 3)(x, train)
        if self.code == "map":
            return _last(self, self.outputs)(x, train)
        head = nn.Dense(self.outputs, kernel_init=linear_init(self.initializer))
        return head(x.reshape(x.shape[0], -1).astype(jnp.float32))


class ConvDecoder(nn.Module):
    """A code to the logits of an image: dense, or conv k3; ``depth`` times convT k4 s2; conv k3.

    Norm and ReLU follow all layers but the last. For a vector code, maps are cropped to the
    encoder's sides, so every size is possible.
    """

    features: int = 32
    """Channels of the last hidden layer."""
    depth: int = 2
    """Number of doublings."""
    norm: Norm = "none"
    """Normalization of the convolutions."""
    initializer: Initializer = "he"
    """Initializer of kernels; if it is one of He's, the last layer uses Glorot."""
    code: CodeForm = "vector"
    """Form of the code."""
    image_shape: tuple[int, int, int] = (28, 28, 1)
    """Shape (height, width, channels) of the data."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, codes: Codes, train: bool = True) -> Image:
        """(n, numbers) or (n, h / 2^depth, w / 2^depth, channels) to (n, h, w, c)."""
        check_choices(self)
        x, sides = codes.astype(self.dtype), [self.image_shape[:2]]
        for _ in range(self.depth):
            sides.append((-(-sides[-1][0] // 2), -(-sides[-1][1] // 2)))
        width = _width(self, self.depth - 1)
        if self.code == "vector":
            (h, w), init = sides[-1], kernel_init(self.initializer)
            x = nn.Dense(h * w * width, dtype=self.dtype, kernel_init=init)(x)
            x = nn.relu(x).reshape(-1, h, w, width)
        else:
            x = _layer(self, width, 3, strides=1)(x, train)
        for stage in reversed(range(self.depth)):
            x = _layer(self, _width(self, max(stage - 1, 0)), 4, transpose=True)(x, train)
            if self.code == "vector":
                h, w = sides[stage]
                x = x[:, :h, :w]
        return _last(self, self.image_shape[2])(x, train)


def _width(net: ConvEncoder | ConvDecoder, stage: int) -> int:
    """Number of channels after halving number ``stage``, counted from 0."""
    return net.features << min(stage, 3)


def _layer(
    net: ConvEncoder | ConvDecoder, features: int, size: int, strides: int = 2, **fields: Any
) -> Layer:
    """A convolution with norm and ReLU."""
    shared = {"norm": net.norm, "initializer": net.initializer, "dtype": net.dtype}
    return Layer(features, size, strides=strides, **{**shared, **fields})


def _last(net: ConvEncoder | ConvDecoder, features: int) -> Layer:
    """The last convolution, without norm and activation, in float32."""
    initializer = "glorot" if net.initializer in ("he", "he_average") else net.initializer
    plain = partial(Layer, normalize=False, activation=None, dtype=jnp.float32)
    return plain(features, 3, norm=net.norm, initializer=initializer)
