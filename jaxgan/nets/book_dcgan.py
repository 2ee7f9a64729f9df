"""The DCGAN and conditional GAN of *GANs in Action* (Langr and Bok, ch. 4 and 8).

The book uses 28 px; here any multiple of 4 works. Kernels are initialized as in Keras (Glorot), and
BatchNorm is Keras's (momentum 0.99, epsilon 0.001). A convolution before such a norm has no bias
here; the book's has one, which the norm cancels.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxgan.nets.checks import class_norm_classes, quarters, read_labels
from jaxgan.nets.conditioning import (
    DiscriminatorConditioning,
    GeneratorConditioning,
    enter_images,
    enter_latent,
    score,
)
from jaxgan.nets.dropout import dropout
from jaxgan.ops import (
    Conv,
    ConvTranspose,
    Initializer,
    Norm,
    Normalize,
    apply_layer,
    gamma_init,
    kernel_init,
)
from jaxgan.typing import Image, Label, Latent, Logits

_KerasNormalize = partial(Normalize, momentum=0.99, epsilon=1e-3)


def _bias(norm: Norm) -> bool:
    """Whether to use a bias: not before a norm that cancels it.

    Adam would move such a bias at random, along the rounding errors of its gradient.
    """
    return norm not in ("batch", "instance")


class BookDCGANGenerator(nn.Module):
    """z to an image: dense to a quarter of the size, then convT k3 with strides 2, 1 and 2, tanh.

    There are 256 channels after the dense layer, then 128, 64 and the image's. Norm and LeakyReLU
    follow the first two convolutions. All padding is 'same'. With labels and ``embedding`` this is
    the conditional generator of ch. 8.
    """

    features: int = 64
    """Channels of the last hidden layer."""
    norm: Norm = "batch"
    """Normalization of hidden convolutions; ``weight`` and ``spectral`` apply to all layers."""
    initializer: Initializer = "glorot"
    """Initializer of kernels and gains."""
    slope: float = 0.01
    """Negative slope of LeakyReLU."""
    conditioning: GeneratorConditioning = "embedding"
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
        h, w = quarters(self)
        labels = read_labels(self, labels)
        z = enter_latent(self, z, labels)
        width = 4 * self.features
        dense = nn.Dense(h * w * width, dtype=self.dtype, kernel_init=kernel_init(self.initializer))
        x = apply_layer(dense, z, self.norm, train).reshape(-1, h, w, width)
        for features, stride in ((2 * self.features, 2), (self.features, 1)):
            x = self._conv(x, features, stride, train, _bias(self.norm))
            x = nn.leaky_relu(self._normalize()(x, train, labels), self.slope)
        return jnp.tanh(self._conv(x, self.image_shape[2], 2, train, dtype=jnp.float32))

    def _conv(
        self,
        x: jax.Array,
        features: int,
        stride: int,
        train: bool,
        bias: bool = True,
        dtype: Any = None,
    ) -> jax.Array:
        layer = ConvTranspose(
            features,
            kernel_size=(3, 3),
            strides=(stride, stride),
            use_bias=bias,
            dtype=dtype or self.dtype,
            kernel_init=kernel_init(self.initializer),
        )
        return apply_layer(layer, x, self.norm, train)

    def _normalize(self) -> Normalize:
        classes = class_norm_classes(self)
        gamma = gamma_init(self.initializer)
        return _KerasNormalize(self.norm, classes, gamma_init=gamma, dtype=self.dtype)


class BookDCGANDiscriminator(nn.Module):
    """An image to a score: conv 32, 64, 128 k3 s2 'same', LeakyReLU, flatten, dense 1.

    Norm follows the second and third convolution. With labels and ``channel`` this is the
    conditional discriminator of ch. 8, whose first convolution has 64 channels. The last
    activations, summed over pixels, are sown as ``features`` into ``intermediates``.
    """

    features: int = 32
    """Channels of the first layer."""
    norm: Norm = "batch"
    """Normalization of the second and third layer; ``weight`` and ``spectral`` apply to all."""
    initializer: Initializer = "glorot"
    """Initializer of kernels and gains."""
    slope: float = 0.01
    """Negative slope of LeakyReLU."""
    conditioning: DiscriminatorConditioning = "channel"
    """Conditioning on labels, used if ``num_classes`` is above 0."""
    image_shape: tuple[int, int, int] = (28, 28, 1)
    """Shape (height, width, channels) of the data."""
    num_classes: int = 0
    """Number of classes; 0: unconditional."""
    outputs: int = 1
    """Logits per image: 1; K for K classes in :class:`~jaxgan.algorithms.SGAN`, K + 1 in a
    :class:`~jaxgan.algorithms.GAN` with ``class_loss``."""
    dropout: float = 0.0
    """Dropout rate of the last activations in training."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, images: Image, labels: Label | None = None, train: bool = True) -> Logits:
        """(n, height, width, channels) to (n,), or to (n, outputs) if ``outputs`` is above 1."""
        quarters(self)
        labels = read_labels(self, labels)
        x = enter_images(self, images, labels)
        for layer, features in enumerate(self._widths()):
            x = self._conv(x, features, train, layer == 0 or _bias(self.norm))
            x = self._normalize()(x, train) if layer else x
            x = nn.leaky_relu(x, self.slope)
        phi = x.sum(axis=(1, 2), dtype=jnp.float32)
        self.sow("intermediates", "features", phi)
        x = dropout(self, x, self.dropout, train)
        dense = nn.Dense(self.outputs, dtype=jnp.float32, kernel_init=kernel_init(self.initializer))
        logits = apply_layer(dense, x.reshape(x.shape[0], -1), self.norm, train)
        return score(self, logits, phi, labels, train)

    def _widths(self) -> tuple[int, int, int]:
        wide = self.num_classes and self.conditioning == "channel"
        return self.features * (2 if wide else 1), 2 * self.features, 4 * self.features

    def _conv(self, x: jax.Array, features: int, train: bool, bias: bool) -> jax.Array:
        layer = Conv(
            features,
            kernel_size=(3, 3),
            strides=2,
            use_bias=bias,
            dtype=self.dtype,
            kernel_init=kernel_init(self.initializer),
        )
        return apply_layer(layer, x, self.norm, train)

    def _normalize(self) -> Normalize:
        gamma = gamma_init(self.initializer)
        return _KerasNormalize(self.norm, gamma_init=gamma, dtype=self.dtype)
