"""Ways in which a class label enters a network, shared by most networks.

A network uses labels if its field ``num_classes`` is above 0, in the way given by its field
``conditioning``. The fourth way, class-conditional BatchNorm, is in :class:`jaxgan.ops.Normalize`.
"""

from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.nets.checks import check_choices, check_images
from jaxgan.ops.normalization import Norm, apply_layer
from jaxgan.typing import Image, Label, Latent, Logits

GeneratorConditioning: TypeAlias = Literal["embedding", "class_norm"]
"""Conditioning of a generator. ``embedding``: z * Embed(y). ``class_norm``: one gamma and beta of
BatchNorm per class."""

DiscriminatorConditioning: TypeAlias = Literal["channel", "projection"]
"""Conditioning of a discriminator. ``channel``: Embed(y) as an extra input channel. ``projection``:
logit + <Embed(y), features>."""


def enter_latent(net: Any, z: Latent, labels: Label | None) -> Latent:
    """A generator's input: z in ``net.dtype``, times Embed(y) if it uses ``embedding``.

    Raises:
      InputError: a field of ``net`` holds none of its choices.
    """
    check_choices(net)
    z = z.astype(net.dtype)
    if labels is None or net.conditioning != "embedding":
        return z
    return LabelledLatent(net.num_classes, net.dtype)(z, labels)


def enter_images(
    net: Any, images: Image, labels: Label | None
) -> Float[Array, "batch height width more"]:
    """A discriminator's input: images in ``net.dtype``, and the channel Embed(y) if it uses one.

    Raises:
      InputError: a field of ``net`` holds none of its choices, or the images do not have the shape
        ``net.image_shape``.
    """
    check_choices(net)
    check_images(net, images)
    images = images.astype(net.dtype)
    if labels is None or net.conditioning != "channel":
        return images
    return LabelChannel(net.num_classes, net.dtype)(images, labels)


def score(
    net: Any,
    logits: Float[Array, "batch outputs"],
    phi: Float[Array, "batch features"],
    labels: Label | None,
    train: bool,
) -> Logits:
    """A discriminator's result: the logits, plus <Embed(y), phi> if it uses ``projection``.

    The result is float32, whatever the dtype of the computation. If there are several outputs, they
    are returned unchanged, (batch, outputs).
    """
    if logits.shape[1] > 1:
        return logits
    if labels is None or net.conditioning != "projection":
        return logits[:, 0]
    return logits[:, 0] + Projection(net.num_classes, net.norm)(phi, labels, train)


class LabelledLatent(nn.Module):
    """z * Embed(y), elementwise (*GANs in Action*, ch. 8)."""

    num_classes: int
    """Number of classes."""
    dtype: Any = jnp.float32
    """Dtype of the result."""

    @nn.compact
    def __call__(self, z: Latent, labels: Label) -> Latent:
        """The same shape as ``z``."""
        embed = nn.Embed(self.num_classes, z.shape[-1], self.dtype, embedding_init=_keras_uniform)
        return z * embed(labels)


class LabelChannel(nn.Module):
    """The images with one more channel: Embed(y) of size h*w (*GANs in Action*, ch. 8)."""

    num_classes: int
    """Number of classes."""
    dtype: Any = jnp.float32
    """Dtype of the result."""

    @nn.compact
    def __call__(self, images: Image, labels: Label) -> Float[Array, "batch height width more"]:
        """(n, h, w, c) to (n, h, w, c + 1)."""
        n, h, w, _ = images.shape
        embed = nn.Embed(self.num_classes, h * w, self.dtype, embedding_init=_keras_uniform)
        return jnp.concatenate([images, embed(labels).reshape(n, h, w, 1)], axis=-1)


class Projection(nn.Module):
    """<Embed(y), phi>, a term to add to a logit (Miyato and Koyama 2018, equation 4)."""

    num_classes: int
    """Number of classes."""
    norm: Norm = "none"
    """Normalization: ``spectral`` and ``weight`` apply to the embedding too, as in the paper's
    code."""

    @nn.compact
    def __call__(
        self, phi: Float[Array, "batch features"], labels: Label, train: bool = True
    ) -> Float[Array, "batch"]:
        """One number per sample, from its pooled features ``phi``."""
        embed = nn.Embed(self.num_classes, phi.shape[-1])
        return jnp.sum(apply_layer(embed, labels, self.norm, train) * phi, axis=-1)


def _keras_uniform(key: Any, shape: Any, dtype: Any = jnp.float32, out_sharding: Any = None) -> Any:
    """U(-0.05, 0.05), Keras's default for an embedding and so the book's."""
    return jax.random.uniform(key, shape, dtype, -0.05, 0.05)
