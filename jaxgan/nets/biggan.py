"""BigGAN's nets (Brock et al. 2019, appendix B), for any power of two from 32 px.

G's latent code is split: one part enters the first layer, and one part enters each block. The gains
and biases of a block's BatchNorm are linear in its part of the code and in the class embedding,
which all blocks share. D is a ResNet with a projection. All kernels are spectrally normalized and
start orthogonal. Self-attention can be placed in the middle.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.errors import InputError
from jaxgan.nets.attention import SelfAttention
from jaxgan.nets.checks import check_attention, doublings, read_labels
from jaxgan.nets.conditioning import DiscriminatorConditioning, enter_images, score
from jaxgan.nets.residual import Convolution, Resample
from jaxgan.ops import Initializer, apply_layer, kernel_init, mean_pool, upsample
from jaxgan.ops.normalization import BatchNorm
from jaxgan.typing import Image, Label, Latent, Logits

Condition = Float[Array, "batch condition"]

_UP = {32: (4, 4, 4), 64: (16, 8, 4, 2), 128: (16, 8, 4, 2, 1), 256: (16, 8, 8, 4, 2, 1)}
_DOWN = {32: (4, 4), 64: (1, 2, 4, 8), 128: (1, 2, 4, 8, 16), 256: (1, 2, 4, 8, 8, 16)}


def widths_up(size: int) -> tuple[int, ...]:
    """Channels after each of G's blocks, relative to ``features``, for a side of ``size``."""
    return _UP[size] if size in _UP else (*widths_up(size // 2), 1)


def widths_down(size: int) -> tuple[int, ...]:
    """Channels after D's ``down`` blocks, relative to ``features``, for a side of ``size``."""
    return _DOWN[size] if size in _DOWN else (1, *widths_down(size // 2))


class ConditionalBatchNorm(nn.Module):
    """(1 + A c) (x - mean) / sqrt(var + epsilon) + B c, with the condition c and matrices A, B."""

    initializer: Initializer = "orthogonal"
    """Initializer of A and B."""
    dtype: Any = jnp.float32
    """Dtype of the result; statistics are float32."""

    @nn.compact
    def __call__(self, x: Image, condition: Condition, train: bool = True) -> Image:
        """The same shape as ``x``; statistics are those of :class:`jaxgan.ops.Normalize`."""
        norm = BatchNorm(not train, momentum=0.9, epsilon=1e-5, affine=False, dtype=self.dtype)
        gain, bias = (
            apply_layer(
                nn.Dense(
                    x.shape[-1],
                    use_bias=False,
                    dtype=self.dtype,
                    kernel_init=kernel_init(self.initializer),
                    name=name,
                ),
                condition,
                "spectral",
                train,
            )[:, None, None, :]
            for name in ("gain", "bias")
        )
        return (1 + gain) * norm(x) + bias


class BigGANBlock(nn.Module):
    """shortcut(x) + conv(relu(norm(conv(relu(norm(x)))))), with norms only if it has a condition.

    ``up`` doubles the size before the first convolution; ``down`` halves it after the second. The
    shortcut is x, or a k1 convolution if the size or the width changes.
    """

    features: int
    """Number of output channels, and of channels between the convolutions."""
    resample: Resample = "same"
    """Change of the image size, by a factor of 2."""
    first: bool = False
    """Whether the block is applied to an image, so that no ReLU precedes the first convolution."""
    initializer: Initializer = "orthogonal"
    """Initializer of kernels."""
    dtype: Any = jnp.float32
    """Dtype of the computation."""

    @nn.compact
    def __call__(
        self, x: Image, condition: Condition | None = None, train: bool = True
    ) -> Float[Array, "batch new_height new_width features"]:
        """(n, h, w, c) to (n, h', w', features); ``resample`` decides the sides."""
        up: Resample = "up" if self.resample == "up" else "same"
        down: Resample = "down" if self.resample == "down" else "same"
        y = x if self.first else nn.relu(self._normalized("norm_1", x, condition, train))
        y = self._conv(3, "conv_1", up)(y, train)
        y = nn.relu(self._normalized("norm_2", y, condition, train))
        y = self._conv(3, "conv_2", down)(y, train)
        return y + self._shortcut(x, train)

    def _normalized(
        self, name: str, x: jax.Array, condition: Condition | None, train: bool
    ) -> jax.Array:
        if condition is None:
            return x
        return ConditionalBatchNorm(self.initializer, self.dtype, name=name)(x, condition, train)

    def _shortcut(self, x: jax.Array, train: bool) -> jax.Array:
        if self.resample == "same" and x.shape[-1] == self.features:
            return x
        x = mean_pool(x) if self.resample == "down" else x
        x = self._conv(1, "shortcut")(x, train)
        return upsample(x) if self.resample == "up" else x

    def _conv(self, size: int, name: str, resample: Resample = "same") -> Convolution:
        init = kernel_init(self.initializer)
        return Convolution(self.features, size, "spectral", init, self.dtype, resample, name=name)


class BigGANGenerator(nn.Module):
    """z to an image: dense to 4x4, an ``up`` block per doubling, norm, ReLU, conv k3, tanh.

    Reference: Brock et al. 2019, appendix B, tables 4 to 6; at 32 px the authors' CIFAR-10 model.
    """

    features: int = 64
    """Number of channels (ch): blocks have 4 ch at 32 px, and 16 ch to ch from 64 px."""
    embedding: int = 128
    """Size of the class embedding."""
    initializer: Initializer = "orthogonal"
    """Initializer of kernels."""
    attention: int = 0
    """Side of the feature map that enters self-attention (64 in the paper at 128 px); 0: none."""
    image_shape: tuple[int, int, int] = (32, 32, 3)
    """Shape (height, width, channels) of the data."""
    num_classes: int = 0
    """Number of classes; 0: unconditional."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    norm = "batch"

    @nn.compact
    def __call__(self, z: Latent, labels: Label | None = None, train: bool = True) -> Image:
        """(n, latent) to (n, height, width, channels) in [-1, 1]."""
        stages = doublings(self, 4, 32)
        check_attention(self, [8 << stage for stage in range(stages)])
        labels = read_labels(self, labels)
        first, *parts = self._split(z.astype(self.dtype), stages + 1)
        if labels is not None:
            classes = nn.Embed(
                self.num_classes,
                self.embedding,
                self.dtype,
                embedding_init=kernel_init(self.initializer),
            )(labels)
            parts = [jnp.concatenate([part, classes], axis=-1) for part in parts]
        init, wide = kernel_init(self.initializer), widths_up(self.image_shape[0])
        width = wide[0] * self.features
        dense = nn.Dense(16 * width, dtype=self.dtype, kernel_init=init)
        x = apply_layer(dense, first, "spectral", train).reshape(-1, 4, 4, width)
        for multiple, part in zip(wide, parts, strict=True):
            block = BigGANBlock(multiple * self.features, "up", False, self.initializer, self.dtype)
            x = block(x, part, train)
            if x.shape[1] == self.attention:
                x = SelfAttention("spectral", init, self.dtype)(x, train)
        x = BatchNorm(not train, momentum=0.9, epsilon=1e-5, dtype=self.dtype)(x)
        last = Convolution(self.image_shape[2], 3, "spectral", init, jnp.float32, name="output")
        return jnp.tanh(last(nn.relu(x), train))

    def _split(self, z: jax.Array, parts: int) -> list[jax.Array]:
        if z.shape[1] % parts:
            near = -(-z.shape[1] // parts) * parts
            raise InputError(
                f"algorithm.latent_dim: BigGANGenerator splits the code into {parts} equal parts,"
                f" which {z.shape[1]} numbers do not make: use {near}"
            )
        return jnp.split(z, parts, axis=1)


class BigGANDiscriminator(nn.Module):
    """An image to a score: ``down`` and ``same`` blocks, ReLU, sum over pixels, dense 1.

    The last blocks keep the size: one at 4x4, or two at 8x8 for images of 32 px. The pooled
    activations are sown as ``features`` into ``intermediates``.

    Reference: Brock et al. 2019, appendix B, tables 4 to 6; at 32 px the authors' CIFAR-10 model.
    """

    features: int = 64
    """Number of channels (ch): 4 ch in all blocks at 32 px, and ch to 16 ch from 64 px."""
    initializer: Initializer = "orthogonal"
    """Initializer of kernels."""
    attention: int = 0
    """Side of the feature map that enters self-attention (64 in the paper at 128 px); 0: none."""
    conditioning: DiscriminatorConditioning = "projection"
    """Conditioning on labels, used if ``num_classes`` is above 0."""
    outputs: int = 1
    """Logits per image: 1; K for K classes in :class:`~jaxgan.algorithms.SGAN`, K + 1 in a
    :class:`~jaxgan.algorithms.GAN` with ``class_loss``."""
    image_shape: tuple[int, int, int] = (32, 32, 3)
    """Shape (height, width, channels) of the data."""
    num_classes: int = 0
    """Number of classes; 0: unconditional."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    norm = "spectral"

    @nn.compact
    def __call__(self, images: Image, labels: Label | None = None, train: bool = True) -> Logits:
        """(n, height, width, channels) to (n,), or to (n, outputs) if ``outputs`` is above 1."""
        doublings(self, 4, 32)
        labels = read_labels(self, labels)
        x = enter_images(self, images, labels)
        size = self.image_shape[0]
        down = widths_down(size)
        same = (4, 4) if size == 32 else (16,)
        check_attention(self, [size >> k for k in range(1, len(down) + 1)])
        for k, multiple in enumerate(down + same):
            resample: Resample = "down" if k < len(down) else "same"
            block = BigGANBlock(
                multiple * self.features, resample, k == 0, self.initializer, self.dtype
            )
            x = block(x, None, train)
            if x.shape[1] == self.attention and resample == "down":
                x = SelfAttention("spectral", kernel_init(self.initializer), self.dtype)(x, train)
        phi = nn.relu(x).astype(jnp.float32).sum(axis=(1, 2))
        self.sow("intermediates", "features", phi)
        dense = nn.Dense(self.outputs, dtype=jnp.float32, kernel_init=kernel_init(self.initializer))
        return score(self, apply_layer(dense, phi, "spectral", train), phi, labels, train)
