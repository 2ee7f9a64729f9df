"""DCGAN (Radford et al. 2016), layer for layer as in pytorch/examples.

At 64 px with 3 channels, nz = 100 and 64 features, the generator has 3,576,704 parameters and the
discriminator 2,765,568. Other powers of two from 8 px have more or fewer stages.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxgan.nets.checks import class_norm_classes, doublings, read_labels
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


class DCGANGenerator(nn.Module):
    """z to an image: convT k4 to 4x4, then convT k4 s2 up to the image; norm and ReLU; tanh.

    The width is ``features`` at half the image's size, and doubles with every stage towards z: 512,
    256, 128, 64 at 64 px. The last layer has no norm.

    Reference: Radford et al. 2016, figure 1 and section 3.
    """

    features: int = 64
    """Channels of the last hidden layer (ngf)."""
    norm: Norm = "batch"
    """Normalization of all layers but the last; ``weight`` and ``spectral`` apply to all."""
    initializer: Initializer = "dcgan"
    """Initializer of kernels and gains."""
    conditioning: GeneratorConditioning = "embedding"
    """Conditioning on labels, used if ``num_classes`` is above 0."""
    use_bias: bool = False
    """Whether convolutions have biases; the paper's code has none."""
    image_shape: tuple[int, int, int] = (28, 28, 1)
    """Shape (height, width, channels) of the data."""
    num_classes: int = 0
    """Number of classes; 0: unconditional."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, z: Latent, labels: Label | None = None, train: bool = True) -> Image:
        """(n, latent) to (n, height, width, channels) in [-1, 1]."""
        stages = doublings(self, 4, 8)
        labels = read_labels(self, labels)
        z = enter_latent(self, z, labels)
        x = z[:, None, None, :]
        for stage in range(stages):
            x = self._conv(x, self.features << (stages - 1 - stage), stage == 0, train)
            x = nn.relu(self._normalize()(x, train, labels))
        return jnp.tanh(self._conv(x, self.image_shape[2], False, train, jnp.float32))

    def _conv(
        self, x: jax.Array, features: int, first: bool, train: bool, dtype: Any = None
    ) -> jax.Array:
        layer = ConvTranspose(
            features,
            kernel_size=(4, 4),
            strides=(1, 1) if first else (2, 2),
            padding="VALID" if first else "SAME",
            use_bias=self.use_bias,
            dtype=dtype or self.dtype,
            kernel_init=kernel_init(self.initializer),
        )
        return apply_layer(layer, x, self.norm, train)

    def _normalize(self) -> Normalize:
        classes = class_norm_classes(self)
        return Normalize(
            self.norm, classes, gamma_init=gamma_init(self.initializer), dtype=self.dtype
        )


class DCGANDiscriminator(nn.Module):
    """An image to a score: conv k4 s2, norm, LeakyReLU down to 4x4, then conv k4 to one number.

    The width is ``features`` after the first layer, and doubles with every stage: 64, 128, 256, 512
    at 64 px. The first and the last layer have no norm. The activations at 4x4, summed over pixels,
    are sown as ``features`` into the collection ``intermediates``.

    Reference: Radford et al. 2016, section 3.
    """

    features: int = 64
    """Channels of the first layer (ndf)."""
    norm: Norm = "batch"
    """Normalization of all layers but the first and last; ``weight`` and ``spectral`` apply to
    all."""
    initializer: Initializer = "dcgan"
    """Initializer of kernels and gains."""
    slope: float = 0.2
    """Negative slope of LeakyReLU."""
    conditioning: DiscriminatorConditioning = "channel"
    """Conditioning on labels, used if ``num_classes`` is above 0."""
    use_bias: bool = False
    """Whether convolutions have biases; the paper's code has none."""
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
        stages = doublings(self, 4, 8)
        labels = read_labels(self, labels)
        x = enter_images(self, images, labels)
        for stage in range(stages):
            x = self._conv(x, self.features << stage, False, train)
            x = self._normalize()(x, train) if stage else x
            x = nn.leaky_relu(x, self.slope)
        phi = x.sum(axis=(1, 2), dtype=jnp.float32)
        self.sow("intermediates", "features", phi)
        x = dropout(self, x, self.dropout, train)
        logits = self._conv(x, self.outputs, True, train)[:, 0, 0, :]
        return score(self, logits, phi, labels, train)

    def _conv(self, x: jax.Array, features: int, last: bool, train: bool) -> jax.Array:
        layer = Conv(
            features,
            kernel_size=(4, 4),
            strides=1 if last else 2,
            padding="VALID" if last else "SAME",
            use_bias=self.use_bias,
            dtype=jnp.float32 if last else self.dtype,
            kernel_init=kernel_init(self.initializer),
        )
        return apply_layer(layer, x, self.norm, train)

    def _normalize(self) -> Normalize:
        return Normalize(self.norm, gamma_init=gamma_init(self.initializer), dtype=self.dtype)
