"""The ResNets of WGAN-GP on CIFAR-10 (Gulrajani et al. 2017, appendix F), as in the authors' code.

With ``norm="spectral"`` and ``pool="sum"`` the critic is SNGAN's (Miyato et al. 2018, table 4).
Convolutions in the blocks are initialized as "He" (see :data:`jaxgan.ops.Initializer`). Layers that
no ReLU follows (the shortcuts, the dense layers and the generator's last convolution) use Glorot.
"""

from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.nets.attention import SelfAttention
from jaxgan.nets.checks import check_attention, class_norm_classes, doublings, read_labels
from jaxgan.nets.conditioning import (
    DiscriminatorConditioning,
    GeneratorConditioning,
    enter_images,
    enter_latent,
    score,
)
from jaxgan.ops import (
    Conv,
    Initializer,
    Norm,
    Normalize,
    apply_layer,
    gamma_init,
    kernel_init,
    linear_init,
    mean_pool,
    upsample,
)
from jaxgan.typing import Image, Label, Latent, Logits

Resample: TypeAlias = Literal["up", "down", "same"]


class Convolution(nn.Module):
    """Conv of stride 1, 'same', with a bias; ``norm`` may normalize its kernel."""

    features: int
    size: int
    norm: Norm
    kernel_init: Any
    dtype: Any
    resample: Resample = "same"

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """(n, h, w, c) to (n, h', w', features); ``resample`` decides the sides."""
        layer = Conv(
            self.features,
            (self.size, self.size),
            dtype=self.dtype,
            kernel_init=self.kernel_init,
            resample=self.resample,
        )
        return apply_layer(layer, x, self.norm, train)


class ResidualBlock(nn.Module):
    """shortcut(x) + conv(relu(norm(conv(relu(norm(x)))))), both convolutions k3.

    ``up`` doubles the size before the first convolution; ``down`` halves it after the second. The
    shortcut is x, or a k1 convolution if the size or the width changes. That is computed at the
    smaller of the two sizes, which gives the same result: a k1 convolution commutes with both.
    """

    features: int
    """Number of output channels."""
    resample: Resample = "same"
    """Change of the image size, by a factor of 2."""
    norm: Norm = "none"
    """Normalization; see :data:`jaxgan.ops.Norm`."""
    initializer: Initializer = "he_average"
    """Initializer of kernels and gains; if it is one of He's, shortcuts use Glorot."""
    num_classes: int = 0
    """Number of classes; above 0, BatchNorm is class-conditional."""
    dtype: Any = jnp.float32
    """Dtype of the computation."""
    kernels: Norm | None = None
    """Normalization of the kernels; None: the same as ``norm``."""

    @nn.compact
    def __call__(
        self, x: Image, labels: Label | None = None, train: bool = True
    ) -> Float[Array, "batch new_height new_width features"]:
        """(n, h, w, c) to (n, h', w', features); ``resample`` decides the sides."""
        inner = x.shape[-1] if self.resample == "down" else self.features
        y = nn.relu(self._normalize("norm_1")(x, train, labels))
        y = self._conv(inner, 3, "conv_1", "up" if self.resample == "up" else "same")(y, train)
        y = nn.relu(self._normalize("norm_2")(y, train, labels))
        down: Resample = "down" if self.resample == "down" else "same"
        y = self._conv(self.features, 3, "conv_2", down)(y, train)
        return y + self._shortcut(x, train)

    def _shortcut(self, x: jax.Array, train: bool) -> jax.Array:
        if self.resample == "same" and x.shape[-1] == self.features:
            return x
        x = mean_pool(x) if self.resample == "down" else x
        x = self._conv(self.features, 1, "shortcut")(x, train)
        return upsample(x) if self.resample == "up" else x

    def _conv(
        self, features: int, size: int, name: str, resample: Resample = "same"
    ) -> Convolution:
        init = (linear_init if name == "shortcut" else kernel_init)(self.initializer)
        how = (self.kernels or self.norm, init, self.dtype, resample)
        return Convolution(features, size, *how, name=name)

    def _normalize(self, name: str) -> Normalize:
        gamma = gamma_init(self.initializer)
        return Normalize(self.norm, self.num_classes, gamma_init=gamma, dtype=self.dtype, name=name)


class _FirstBlock(nn.Module):
    """The critic's first block: like ``down``, but without norms and without a first ReLU."""

    features: int
    norm: Norm
    initializer: Initializer
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        shortcut = self._conv(1, linear_init(self.initializer), "shortcut")(mean_pool(x), train)
        y = self._conv(3, kernel_init(self.initializer), "conv_1")(x, train)
        y = self._conv(3, kernel_init(self.initializer), "conv_2", "down")(nn.relu(y), train)
        return y + shortcut

    def _conv(self, size: int, init: Any, name: str, resample: Resample = "same") -> Convolution:
        how = (self.norm, init, self.dtype, resample)
        return Convolution(self.features, size, *how, name=name)


class ResidualGenerator(nn.Module):
    """z to an image: dense to 4x4, an ``up`` block per doubling, norm, ReLU, conv k3, tanh.

    Every block has ``features`` channels. Images of 32 px take three blocks; other powers of two
    from 16 take more or fewer.

    Reference: Gulrajani et al. 2017, appendix F, table 4.
    """

    features: int = 128
    """Channels of every block."""
    norm: Norm = "batch"
    """Normalization before every ReLU; ``weight`` and ``spectral`` apply to all layers."""
    spectral: bool = False
    """Whether every kernel is also spectrally normalized (SAGAN)."""
    attention: int = 0
    """Side of the feature map that enters self-attention (Zhang et al. 2019); 0: none."""
    initializer: Initializer = "he_average"
    """Initializer of kernels and gains; if one of He's, layers that no ReLU follows use Glorot."""
    conditioning: GeneratorConditioning = "class_norm"
    """Conditioning on labels, used if ``num_classes`` is above 0."""
    image_shape: tuple[int, int, int] = (28, 28, 1)
    """Shape (height, width, channels) of the data."""
    num_classes: int = 0
    """Number of classes; 0: unconditional."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, z: Latent, labels: Label | None = None, train: bool = True) -> Image:
        """(n, latent) to (n, height, width, channels) in [-1, 1]."""
        stages = doublings(self, 4, 16)
        labels = read_labels(self, labels)
        classes = class_norm_classes(self)
        z = enter_latent(self, z, labels)
        linear = linear_init(self.initializer)
        kernels: Norm = "spectral" if self.spectral else self.norm
        check_attention(self, [8 << stage for stage in range(stages)])
        dense = nn.Dense(16 * self.features, dtype=self.dtype, kernel_init=linear)
        x = apply_layer(dense, z, kernels, train).reshape(-1, 4, 4, self.features)
        how = (self.norm, self.initializer, classes, self.dtype, kernels)
        for _ in range(stages):
            x = ResidualBlock(self.features, "up", *how)(x, labels, train)
            if x.shape[1] == self.attention:
                x = SelfAttention(kernels, linear, self.dtype)(x, train)
        gamma = gamma_init(self.initializer)
        x = Normalize(self.norm, classes, gamma_init=gamma, dtype=self.dtype)(x, train, labels)
        last = Convolution(self.image_shape[2], 3, kernels, linear, jnp.float32, name="output")
        return jnp.tanh(last(nn.relu(x), train))


class ResidualCritic(nn.Module):
    """An image to a score: ``down`` blocks to 8x8, two more blocks, ReLU, global pool, dense 1.

    The first block has no norm. Images of 32 px take two ``down`` blocks; other powers of two from
    16 take more or fewer. The pooled activations are sown as ``features`` into ``intermediates``.

    Reference: Gulrajani et al. 2017, appendix F, table 3.
    """

    features: int = 128
    """Channels of every block."""
    norm: Norm = "none"
    """Normalization before every ReLU; ``weight`` and ``spectral`` apply to all layers. Do not use
    ``batch`` with a gradient penalty, which is defined per sample (Gulrajani et al., section 4)."""
    initializer: Initializer = "he_average"
    """Initializer of kernels and gains; if one of He's, layers that no ReLU follows use Glorot."""
    attention: int = 0
    """Side of the feature map that enters self-attention (Zhang et al. 2019); 0: none."""
    pool: Literal["mean", "sum"] = "mean"
    """Global pooling: the mean in WGAN-GP, the sum in SNGAN."""
    conditioning: DiscriminatorConditioning = "projection"
    """Conditioning on labels, used if ``num_classes`` is above 0."""
    outputs: int = 1
    """Logits per image: 1; K for K classes in :class:`~jaxgan.algorithms.SGAN`, K + 1 in a
    :class:`~jaxgan.algorithms.GAN` with ``class_loss``."""
    image_shape: tuple[int, int, int] = (28, 28, 1)
    """Shape (height, width, channels) of the data."""
    num_classes: int = 0
    """Number of classes; 0: unconditional."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, images: Image, labels: Label | None = None, train: bool = True) -> Logits:
        """(n, height, width, channels) to (n,), or to (n, outputs) if ``outputs`` is above 1."""
        downs = doublings(self, 8, 16) - 1
        labels = read_labels(self, labels)
        x = enter_images(self, images, labels)
        check_attention(self, [8 << stage for stage in range(downs + 1)])
        x = _FirstBlock(self.features, self.norm, self.initializer, self.dtype)(x, train)
        x = self._attend(x, train)
        for resample in ("down",) * downs + ("same", "same"):
            block = ResidualBlock(
                self.features, resample, self.norm, self.initializer, dtype=self.dtype
            )
            x = block(x, None, train)
            x = self._attend(x, train) if resample == "down" else x
        x = nn.relu(x).astype(jnp.float32)
        phi = x.mean(axis=(1, 2)) if self.pool == "mean" else x.sum(axis=(1, 2))
        self.sow("intermediates", "features", phi)
        dense = nn.Dense(self.outputs, dtype=jnp.float32, kernel_init=linear_init(self.initializer))
        logits = apply_layer(dense, phi, self.norm, train)
        return score(self, logits, phi, labels, train)

    def _attend(self, x: jax.Array, train: bool) -> jax.Array:
        if x.shape[1] != self.attention:
            return x
        return SelfAttention(self.norm, linear_init(self.initializer), self.dtype)(x, train)
