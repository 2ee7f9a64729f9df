"""ProGAN (Karras et al. 2018), table 2: networks that grow by one block per doubling of resolution.

A net is made for one resolution, its ``image_shape``. Its layers are named by resolution, so a net
of twice the resolution adopts all of them and adds a block and an RGB layer. The output of G (or
input of D's next block) then blends the new block with the lower resolution:

    alpha new + (1 - alpha) lower,

where alpha is kept in the collection ``fade`` and is 1 unless a method sets it.

At 1024 px, counting the RGB layers of all resolutions, G has 23,079,115 parameters and D
23,087,249, as in the authors' code.
"""

import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.errors import InputError
from jaxgan.nets.checks import check_images, doublings, role
from jaxgan.ops import (
    EqualizedConv,
    EqualizedDense,
    mean_pool,
    minibatch_stddev,
    pixel_norm,
    upsample,
)
from jaxgan.typing import Image, Label, Latent, Logits, Scalar

Maps = Float[Array, "batch height width channels"]

SMALLEST = 4
"""Resolution at which growth starts."""


def blend(lower: Maps, new: Maps, alpha: Scalar) -> Maps:
    """``alpha new + (1 - alpha) lower``, in the dtype of ``new``."""
    return (alpha * new + (1.0 - alpha) * lower).astype(new.dtype)


class _Activated(nn.Module):
    """LeakyReLU(conv k3), 'same'; in the generator followed by the pixel norm."""

    features: int
    dtype: Any
    norm: bool = False
    up: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        resample = "up" if self.up else "same"
        conv = EqualizedConv(self.features, resample=resample, dtype=self.dtype, name="conv")
        x = nn.leaky_relu(conv(x), 0.2)
        return pixel_norm(x) if self.norm else x


class _First(nn.Module):
    """z to 4x4: a 4x4 transposed convolution of one pixel, then a 3x3 convolution."""

    features: int
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array) -> jax.Array:
        # He's constant also counts the 16 output pixels here: sqrt(2) / sqrt(16 latent).
        shape, gain = (4, 4, self.features), math.sqrt(2) / 4
        dense = EqualizedDense(math.prod(shape), gain, False, dtype=self.dtype, name="dense")
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        x = dense(z).reshape(-1, *shape) + bias.astype(self.dtype)[None, None, None]
        x = pixel_norm(nn.leaky_relu(x, 0.2))
        return _Activated(self.features, self.dtype, norm=True, name="conv_1")(x)


class _Last(nn.Module):
    """4x4 to a score: minibatch standard deviation, conv k3, conv k4 to one pixel, dense."""

    features: int
    hidden: int
    group: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = minibatch_stddev(x, self.group)
        x = _Activated(self.features, self.dtype, name="conv_1")(x)
        dense = EqualizedDense(self.hidden, dtype=self.dtype, name="dense_1")
        phi = nn.leaky_relu(dense(x.reshape(x.shape[0], -1)), 0.2).astype(jnp.float32)
        return EqualizedDense(1, gain=1.0, name="dense_2")(phi)[:, 0], phi


class ProGANGenerator(nn.Module):
    """z to an image: 4x4, then upsample, conv, conv per doubling; the last layer is linear.

    LeakyReLU 0.2 and the pixel norm follow every convolution except the one to RGB; z is also
    normalized. Above 4 px the result is blend(upsample(lower RGB), RGB, alpha).

    Reference: Karras et al. 2018, table 2 and figure 2.
    """

    features: int = 512
    """Largest number of channels of a layer."""
    base: int = 8192
    """Base of the channel counts, which are min(2 base / r, features) at r px."""
    image_shape: tuple[int, int, int] = (32, 32, 1)
    """Shape (height, width, channels) of the images."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the RGB layers and the result are float32."""

    @nn.compact
    def __call__(self, z: Latent, labels: Label | None = None, train: bool = True) -> Image:
        """(n, latent) to (n, height, width, channels); real images are in [-1, 1]."""
        del labels, train
        size = _size(self)
        x = pixel_norm(z.astype(self.dtype))
        x = lower = _First(_width(self, SMALLEST), self.dtype, name="block_4")(x)
        for r in _resolutions(size)[1:]:
            lower, x = x, _Up(_width(self, r), self.dtype, name=f"block_{r}")(x)
        image = self._to_rgb(size)(x)
        if size == SMALLEST:
            return image
        return blend(upsample(self._to_rgb(size // 2)(lower)), image, _alpha(self))

    def _to_rgb(self, size: int) -> EqualizedConv:
        return EqualizedConv(self.image_shape[2], 1, gain=1.0, name=f"to_rgb_{size}")


class _Up(nn.Module):
    """Upsample, conv, conv."""

    features: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = _Activated(self.features, self.dtype, norm=True, up=True, name="conv_1")(x)
        return _Activated(self.features, self.dtype, norm=True, name="conv_2")(x)


class ProGANDiscriminator(nn.Module):
    """An image to a score: conv, conv, downsample per halving to 4x4, then a dense layer.

    It mirrors the generator, without norms. The minibatch standard deviation is appended to the
    maps at 4x4. Above 4 px the second block gets blend(from lower RGB, first block, alpha). The
    hidden units of the last block are sown as ``features`` into ``intermediates``.

    A score depends on the other examples of its group through that deviation.

    Reference: Karras et al. 2018, table 2 and figure 2.
    """

    features: int = 512
    """Largest number of channels of a layer."""
    base: int = 8192
    """Base of the channel counts, which are min(2 base / r, features) at r px."""
    group: int = 4
    """Number of examples in a group; see :func:`jaxgan.ops.minibatch_stddev`."""
    image_shape: tuple[int, int, int] = (32, 32, 1)
    """Shape (height, width, channels) of the images."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    compares_batch: ClassVar[bool] = True
    """Whether a score depends on the other examples of its batch."""

    @nn.compact
    def __call__(self, images: Image, labels: Label | None = None, train: bool = True) -> Logits:
        """(n, height, width, channels) to (n,)."""
        del labels, train
        check_images(self, images)
        size = _size(self)
        x = self._from_rgb(size, images)
        for r in reversed(_resolutions(size)[1:]):
            x = _Down(_width(self, r), _width(self, r // 2), self.dtype, name=f"block_{r}")(x)
            if r == size:
                x = blend(self._from_rgb(r // 2, mean_pool(images)), x, _alpha(self))
        widths = _width(self, SMALLEST), _width(self, SMALLEST // 2)
        scores, phi = _Last(*widths, self.group, self.dtype, name="block_4")(x)
        self.sow("intermediates", "features", phi)
        return scores

    def _from_rgb(self, size: int, images: jax.Array) -> jax.Array:
        conv = EqualizedConv(_width(self, size), 1, dtype=self.dtype, name=f"from_rgb_{size}")
        return nn.leaky_relu(conv(images), 0.2)


class _Down(nn.Module):
    """Conv, conv, downsample."""

    features: int
    out: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = _Activated(self.features, self.dtype, name="conv_1")(x)
        return mean_pool(_Activated(self.out, self.dtype, name="conv_2")(x))


def _size(net: ProGANGenerator | ProGANDiscriminator) -> int:
    """The net's resolution, after its fields are checked."""
    doublings(net, SMALLEST, SMALLEST)
    for name in ("features", "base", "group"):
        if getattr(net, name, 1) < 1:
            raise InputError(f"{role(net)}.{name}: {getattr(net, name)} is below 1")
    return net.image_shape[0]


def _resolutions(size: int) -> list[int]:
    """4, 8, ..., size."""
    return [1 << k for k in range(SMALLEST.bit_length() - 1, size.bit_length())]


def _width(net: ProGANGenerator | ProGANDiscriminator, resolution: int) -> int:
    return max(1, min(2 * net.base // resolution, net.features))


def _alpha(net: nn.Module) -> Scalar:
    return net.variable("fade", "alpha", jnp.ones, ()).value
