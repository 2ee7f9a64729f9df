"""The first GAN of *GANs in Action* (Langr and Bok, ch. 3): two dense layers per net.

Images can have any size.
"""

import math
from typing import Any, Literal

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxgan.nets.checks import read_labels
from jaxgan.nets.conditioning import (
    DiscriminatorConditioning,
    enter_images,
    enter_latent,
    score,
)
from jaxgan.nets.dropout import dropout
from jaxgan.ops import Initializer, Norm, Normalize, apply_layer, gamma_init, kernel_init
from jaxgan.typing import Image, Label, Latent, Logits


class MLPGenerator(nn.Module):
    """A latent code to an image: dense, LeakyReLU, dense, tanh."""

    hidden: int = 128
    """Number of units in the hidden layer."""
    norm: Norm = "none"
    """Normalization of the hidden layer; ``weight`` and ``spectral`` apply to both."""
    initializer: Initializer = "glorot"
    """Initializer of kernels and gains."""
    slope: float = 0.01
    """Negative slope of LeakyReLU."""
    conditioning: Literal["embedding"] = "embedding"
    """Conditioning on labels, used if ``num_classes`` is above 0: z * Embed(y)."""
    image_shape: tuple[int, int, int] = (28, 28, 1)
    """Shape (height, width, channels) of the data."""
    num_classes: int = 0
    """Number of classes; 0: unconditional."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, z: Latent, labels: Label | None = None, train: bool = True) -> Image:
        """(n, latent) to (n, height, width, channels) in [-1, 1]."""
        labels = read_labels(self, labels)
        z = enter_latent(self, z, labels)
        x = _hidden(self, z, train)
        x = _dense(self, x, math.prod(self.image_shape), train, jnp.float32)
        return jnp.tanh(x).reshape(-1, *self.image_shape)


class MLPDiscriminator(nn.Module):
    """An image to a score: flatten, dense, LeakyReLU, dense 1.

    The hidden activations are sown as ``features`` into the collection ``intermediates``.
    """

    hidden: int = 128
    """Number of units in the hidden layer."""
    norm: Norm = "none"
    """Normalization of the hidden layer; ``weight`` and ``spectral`` apply to both."""
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
        labels = read_labels(self, labels)
        x = enter_images(self, images, labels)
        phi = _hidden(self, x.reshape(x.shape[0], -1), train).astype(jnp.float32)
        self.sow("intermediates", "features", phi)
        logits = _dense(
            self, dropout(self, phi, self.dropout, train), self.outputs, train, jnp.float32
        )
        return score(self, logits, phi, labels, train)


def _hidden(net: MLPGenerator | MLPDiscriminator, x: jax.Array, train: bool) -> jax.Array:
    gamma = gamma_init(net.initializer)
    x = _dense(net, x, net.hidden, train, net.dtype)
    x = Normalize(net.norm, gamma_init=gamma, dtype=net.dtype)(x, train)
    return nn.leaky_relu(x, net.slope)


def _dense(
    net: MLPGenerator | MLPDiscriminator, x: jax.Array, features: int, train: bool, dtype: Any
) -> jax.Array:
    layer = nn.Dense(features, dtype=dtype, kernel_init=kernel_init(net.initializer))
    return apply_layer(layer, x, net.norm, train)
