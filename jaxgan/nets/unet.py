"""The U-Net of Ronneberger et al. 2015 with padding: class logits at every pixel.

pix2pix's generator is a different net, in :mod:`jaxgan.nets.unet_generator`.
"""

from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.errors import InputError
from jaxgan.nets.checks import check_choices, role
from jaxgan.nets.dropout import dropout
from jaxgan.nets.translation import Layer
from jaxgan.ops import Conv, Initializer, Norm, linear_init, max_pool
from jaxgan.typing import Image

Maps: TypeAlias = Float[Array, "batch height width outputs"]
"""Logits of the pixels."""

PER_IMAGE: tuple[Norm, ...] = ("layer", "instance", "group")
"""Norms with statistics over a whole image, which make every pixel depend on all others."""


class DoubleConv(nn.Module):
    """Two convolutions k3, each with a norm and a ReLU."""

    features: int
    norm: Norm
    initializer: Initializer
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """(n, h, w, c) to (n, h, w, features)."""
        layer = partial(Layer, self.features, 3, self.norm, self.initializer, dtype=self.dtype)
        x = layer()(x, train)
        return layer()(x, train)


class UNet(nn.Module):
    """``depth`` levels down, each two convolutions and 2x2 max pooling, and as many up, with skips.

    Channels double on the way down. On the way up, a k2 s2 transposed convolution is concatenated
    with the map of that size from the way down, and two convolutions follow. Convolutions are
    zero-padded, so the logits have the size of the image; the paper's net loses 92 pixels per side.
    Images of any size are reflected at the right and the bottom to the next multiple of 2^depth.
    With 64 features, depth 4, RGB, 2 outputs and no norms there are 31,031,810 parameters.
    """

    features: int = 64
    """Channels of the first level; each level down doubles it."""
    depth: int = 4
    """Number of halvings."""
    norm: Norm = "batch"
    """Normalization of activations; the paper has ``none``."""
    dropout: float = 0.0
    """Dropout rate of the innermost activations in training; the paper drops them there too."""
    deep_supervision: bool = False
    """Whether logits at every size on the way up are trained too; the result is those at full
    size."""
    initializer: Initializer = "he"
    """Initializer of kernels; the paper uses He's."""
    outputs: int = 1
    """Number of logits per pixel."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layers and the result are float32."""

    @property
    def multiple(self) -> int:
        """Number that must divide the sides of a map for ``depth`` halvings."""
        return 1 << self.depth

    @property
    def reach(self) -> int | None:
        """Largest distance in pixels at which a pixel affects logits; None: unlimited."""
        return reach_of(self.depth, self.norm)

    def __call__(self, images: Image, train: bool = True) -> Maps:
        """(n, h, w, c) to logits (n, h, w, outputs)."""
        return self._sides(images, train)[-1]

    def supervised(self, images: Image, train: bool = True) -> list[Maps]:
        """The logits over which a loss is averaged: the result, and those of lower resolutions."""
        return self._sides(images, train)

    @nn.compact
    def _sides(self, images: Image, train: bool) -> list[Maps]:
        check_fields(self)
        kind = (self.norm, self.initializer, self.dtype)
        x, skips = to_multiple(images, self.multiple), []
        for level in range(self.depth):
            x = DoubleConv(self.features << level, *kind)(x, train)
            skips.append(x)
            x = max_pool(x)
        x = DoubleConv(self.features << self.depth, *kind)(x, train)
        x, sides = dropout(self, x, self.dropout, train), []
        for level in reversed(range(self.depth)):
            x = joined(x, skips[level], kind, train)
            x = DoubleConv(self.features << level, *kind)(x, train)
            if level == 0 or self.deep_supervision:
                sides.append(side(x, self.outputs, level, images.shape))
        return sides


def check_fields(net: Any) -> None:
    """Raises InputError if a field of a net with levels is out of range."""
    check_choices(net)
    for name in ("features", "depth", "outputs"):
        if getattr(net, name) < 1:
            raise InputError(f"{role(net)}.{name}: {getattr(net, name)} is below 1")


def to_multiple(images: Image, multiple: int) -> jax.Array:
    """The images, reflected at the right and the bottom to sides that ``multiple`` divides."""
    below, right = (-size % multiple for size in images.shape[1:3])
    if not below and not right:
        return images
    return jnp.pad(images, ((0, 0), (0, below), (0, right), (0, 0)), mode="reflect")


def joined(x: jax.Array, skip: jax.Array, kind: tuple[Any, ...], train: bool) -> jax.Array:
    """``x`` at twice the size, concatenated with ``skip``; call it in a compact method."""
    norm, initializer, dtype = kind
    up = Layer(
        skip.shape[-1], 2, norm, initializer, strides=2, transpose=True,
        normalize=False, activation=None, dtype=dtype,
    )  # fmt: skip
    return jnp.concatenate([skip, up(x, train)], axis=-1)


def side(x: jax.Array, outputs: int, level: int, shape: tuple[int, ...]) -> Maps:
    """Logits of a map that is 2^level times smaller, enlarged to images of that shape.

    Call it in a compact method, which then owns the layer.
    """
    logits = Conv(outputs, (1, 1), kernel_init=linear_init("glorot"), dtype=jnp.float32)(x)
    for axis in (1, 2) if level else ():
        logits = jnp.repeat(logits, 1 << level, axis=axis)
    return logits[:, : shape[1], : shape[2]]


def reach_of(depth: int, norm: Norm) -> int | None:
    """Reach of a U-Net: two convolutions per level down and up, plus the corners of its blocks.

    It is the sum of 2 (2^depth - 1) pixels down, 2 2^depth at the bottom, 2 (2^depth - 1) up, and
    2^depth - 1 more, since a pixel can lie anywhere in a block of 2^depth pixels that are pooled
    together.
    """
    return None if norm in PER_IMAGE else (7 << depth) - 5
