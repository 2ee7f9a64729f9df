"""StyleGAN2's generator (Karras et al. 2020, figure 2): a mapping network and a synthesis network.

The mapping network maps z and a class to a style w. The synthesis network starts from a learned 4x4
map; every convolution is modulated by w, and noise is added after it. The image is the sum of the
upsampled RGB outputs of all resolutions (skip connections, figure 7).

At 1024 px, with ``channel_base`` 32768, G has 30,370,060 parameters and D 29,012,513, as in the
authors' code.
"""

import math
from dataclasses import field
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.core.sharding import draw
from jaxgan.errors import InputError
from jaxgan.nets.checks import doublings, read_labels, role
from jaxgan.ops import EqualizedDense, lowpass_upsample, modulated_conv, pixel_norm
from jaxgan.ops.filtered_conv import TAPS
from jaxgan.typing import Image, Label, Latent

Styles = Float[Array, "batch *layers style"]
"""Style w of each example: (n, style) for the same in all layers, or (n, layers, style) for one per
layer."""

SMALLEST = 4
"""Resolution of the first block."""


class MappingNetwork(nn.Module):
    """(z, y) to w: dense layers with leaky ReLU 0.2, on z and Embed(y), each with unit mean square.

    The layers' learning rate is ``lr_multiplier`` times that of all others. The collection
    ``styles`` holds the running mean of w.

    Reference: Karras et al. 2019, section 2; Karras et al. 2020, appendix B.
    """

    features: int = 512
    """Size of w and of the class embedding."""
    layers: int = 8
    """Number of layers."""
    lr_multiplier: float = 0.01
    """Learning rate of these layers relative to all others."""
    decay: float = 0.995
    """Decay of the running mean of w, per call in training mode."""
    num_classes: int = 0
    """Number of classes; 0: unconditional."""

    @nn.compact
    def __call__(
        self, z: Latent | None, labels: Label | None = None, train: bool = True
    ) -> Float[Array, "batch style"]:
        """(n, latent) to (n, features); z is None if only classes are mapped."""
        parts = [] if z is None else [pixel_norm(z)]
        if self.num_classes and labels is not None:
            classes = jax.nn.one_hot(labels, self.num_classes)
            embedded = EqualizedDense(self.features, gain=1.0, name="embed")(classes)
            parts.append(pixel_norm(embedded))
        w = jnp.concatenate(parts, axis=1)
        for i in range(self.layers):
            dense = EqualizedDense(
                self.features, gain=1.0, lr_multiplier=self.lr_multiplier, name=f"dense_{i + 1}"
            )
            w = activated(dense(w))
        if z is None:
            return w
        mean = self.variable("styles", "mean", jnp.zeros, w.shape[1:])
        if train and not self.is_initializing():
            now = jax.lax.stop_gradient(w).mean(0)
            mean.value = self.decay * mean.value + (1 - self.decay) * now
        return w


class StyleLayer(nn.Module):
    """clamp(sqrt(2) leaky ReLU(conv(x, s k) + strength noise + b)), with kernel k and s = A(w).

    The style s starts with mean 1. The noise is N(0, 1) per pixel, the same in all channels, from
    the random stream ``noise``. Without that stream it is the noise in the collection
    ``constants``, or 0. Its learned strength starts at 0.

    Reference: Karras et al. 2020, figure 2d.
    """

    features: int
    """Number of output channels."""
    up: bool = False
    """Whether to double the size."""
    clamp: float = 0.0
    """Largest absolute value of the result; 0: no clamping."""
    dtype: Any = jnp.float32
    """Dtype of the computation."""

    @nn.compact
    def __call__(
        self, x: Image, w: Float[Array, "batch style"]
    ) -> Float[Array, "batch new_height new_width features"]:
        """(n, h, w, c) to (n, h', w', features)."""
        style = EqualizedDense(x.shape[-1], gain=1.0, bias_start=1.0, name="style")(w)
        kernel = self.param(
            "kernel", nn.initializers.normal(1.0), (3, 3, x.shape[-1], self.features)
        )
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        strength = self.param("noise", nn.initializers.zeros, ())
        scale = 1 / math.sqrt(9 * x.shape[-1])
        x = modulated_conv(x.astype(self.dtype), scale * kernel, style, True, self.up)
        x = x + (strength * self._noise(x.shape)).astype(x.dtype)
        return activated(x + bias.astype(x.dtype)[None, None, None], self.clamp)

    def _noise(self, shape: tuple[int, ...]) -> Float[Array, "batch height width 1"]:
        if not (self.has_rng("noise") or self.has_rng("params")):
            if self.has_variable("constants", "noise"):
                noise = self.get_variable("constants", "noise")
                return jnp.broadcast_to(noise[None, :, :, None], (*shape[:3], 1))
            return jnp.zeros((*shape[:3], 1))
        return draw(jax.random.normal, self.make_rng("noise"), (*shape[:3], 1))


class ToRGB(nn.Module):
    """clamp(conv k1(x, s k) + b): modulated, but without demodulation, noise and activation."""

    features: int
    """Channels of the image."""
    clamp: float = 0.0
    """Largest absolute value of the result; 0: no clamping."""

    @nn.compact
    def __call__(
        self, x: Image, w: Float[Array, "batch style"]
    ) -> Float[Array, "batch height width features"]:
        """(n, h, w, c) to (n, h, w, features), in float32."""
        style = EqualizedDense(x.shape[-1], gain=1.0, bias_start=1.0, name="style")(w)
        kernel = self.param(
            "kernel", nn.initializers.normal(1.0), (1, 1, x.shape[-1], self.features)
        )
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        scale = 1 / math.sqrt(x.shape[-1])
        out = modulated_conv(x.astype(jnp.float32), scale * kernel, style, False)
        return clamped(out + bias[None, None, None], self.clamp)


class SynthesisNetwork(nn.Module):
    """Styles to an image: a learned 4x4 map, then two layers and an RGB output per resolution.

    Reference: Karras et al. 2020, figure 7 (output skips).
    """

    image_shape: tuple[int, int, int] = (32, 32, 3)
    """Shape (height, width, channels) of the images."""
    channel_base: int = 16384
    """Base of the channel counts, which are min(channel_base / r, channel_max) at r px."""
    channel_max: int = 512
    """Largest number of channels of a layer."""
    low_precision: int = 4
    """Number of highest resolutions that are computed in ``dtype``; all others are float32."""
    clamp: float = 256.0
    """Largest absolute value in a layer that is computed in ``dtype``, if that is not float32."""
    clamp_all: bool = False
    """Whether to clamp float32 layers too."""
    dtype: Any = jnp.float32
    """Dtype of the highest resolutions; parameters, RGB outputs and the result are float32."""

    @nn.compact
    def __call__(self, w: Styles) -> Image:
        """(n, style) or (n, layers, style) to (n, height, width, channels)."""
        sizes = resolutions(self.image_shape[0])
        if w.ndim == 2:
            w = jnp.broadcast_to(w[:, None], (w.shape[0], 2 * len(sizes), w.shape[1]))
        x, image = jnp.zeros(()), None
        for i, size in enumerate(sizes):
            width, dtype, clamp = settings(self, size)
            if size == SMALLEST:
                first = self.param("first", nn.initializers.normal(1.0), (size, size, width))
                x = jnp.broadcast_to(first[None], (w.shape[0], *first.shape))
            else:
                layer = StyleLayer(width, True, clamp, dtype, name=f"up_{size}")
                x = layer(x, w[:, 2 * i - 1])
            x = StyleLayer(width, False, clamp, dtype, name=f"same_{size}")(x, w[:, 2 * i])
            rgb = ToRGB(self.image_shape[2], clamp, name=f"to_rgb_{size}")(x, w[:, 2 * i + 1])
            image = rgb if image is None else lowpass_upsample(image, TAPS) + rgb
        assert image is not None
        return image


class StyleGAN2Generator(nn.Module):
    """z to w by the mapping network, w to an image by the synthesis network; sides 2^k from 8 px.

    The methods ``mapping`` and ``synthesis`` apply the two networks.

    Reference: Karras et al. 2020, StyleGAN2; the sizes are those of Karras et al. 2020, ADA,
    appendix C.
    """

    style_dim: int = 512
    """Size of a style w."""
    mapping_layers: int = 8
    """Number of layers of the mapping network (2 in ADA's model for CIFAR-10)."""
    mapping_lr: float = 0.01
    """Learning rate of the mapping network relative to all other layers."""
    style_decay: float = 0.995
    """Decay of the running mean of w, per batch."""
    channel_base: int = 16384
    """Base of the channel counts, which are min(channel_base / r, channel_max) at r px."""
    channel_max: int = 512
    """Largest number of channels of a layer."""
    low_precision: int = field(default=4, metadata={"least": 0})
    """Number of highest resolutions that are computed in the method's compute_dtype."""
    clamp: float = 256.0
    """Largest absolute value in a layer of those resolutions, unless they are float32."""
    clamp_all: bool = False
    """Whether to clamp float32 layers too, as in the authors' code."""
    image_shape: tuple[int, int, int] = (32, 32, 3)
    """Shape (height, width, channels) of the data."""
    num_classes: int = 0
    """Number of classes; 0: unconditional."""
    dtype: Any = jnp.float32
    """Dtype of the highest resolutions; parameters, RGB outputs and the result are float32."""

    def setup(self) -> None:
        """Creates the two networks."""
        check_sizes(self)
        self.map = MappingNetwork(
            self.style_dim, self.mapping_layers, self.mapping_lr, self.style_decay, self.num_classes
        )
        self.synthesize = SynthesisNetwork(
            self.image_shape,
            self.channel_base,
            self.channel_max,
            self.low_precision,
            self.clamp,
            self.clamp_all,
            self.dtype,
        )

    def __call__(self, z: Latent, labels: Label | None = None, train: bool = True) -> Image:
        """(n, latent) to (n, height, width, channels); real images are in [-1, 1]."""
        return self.synthesis(self.mapping(z, labels, train))

    def mapping(
        self, z: Latent, labels: Label | None = None, train: bool = True
    ) -> Float[Array, "batch style"]:
        """(n, latent) to w (n, style); with ``train`` the running mean of w is updated."""
        return self.map(z, read_labels(self, labels), train)

    def synthesis(self, w: Styles) -> Image:
        """(n, style) or (n, layers, style) to (n, height, width, channels)."""
        return self.synthesize(w)

    @property
    def layers(self) -> int:
        """The number of layers that take their own style."""
        return 2 * len(resolutions(self.image_shape[0]))


def activated(x: jax.Array, clamp: float = 0.0, gain: float = 1.0) -> jax.Array:
    """Gain sqrt(2) leaky ReLU 0.2, which keeps the mean square, clamped at gain times ``clamp``."""
    return clamped(gain * math.sqrt(2) * nn.leaky_relu(x, 0.2), gain * clamp)


def clamped(x: jax.Array, clamp: float) -> jax.Array:
    """X clipped to [-clamp, clamp]; 0: no clamping."""
    return jnp.clip(x, -clamp, clamp) if clamp else x


def resolutions(size: int) -> list[int]:
    """4, 8, ..., size."""
    return [1 << k for k in range(SMALLEST.bit_length() - 1, size.bit_length())]


def settings(net: Any, size: int) -> tuple[int, Any, float]:
    """Channels, dtype and clamp of the layers at a resolution."""
    low = size << net.low_precision > net.image_shape[0] and net.dtype != jnp.float32
    width = max(1, min(net.channel_base // size, net.channel_max))
    clamp = net.clamp if low or net.clamp_all else 0.0
    return width, net.dtype if low else jnp.float32, clamp


def check_sizes(net: Any) -> None:
    """Raises InputError if a field of a StyleGAN2 net is out of range."""
    doublings(net, SMALLEST, 8)
    least = {"style_dim": 1, "channel_base": 1, "channel_max": 1, "group": 1, "mapping_layers": 1}
    for name, lowest in {**least, "low_precision": 0, "clamp": 0}.items():
        value = getattr(net, name, lowest)
        if value < lowest:
            raise InputError(f"{role(net)}.{name}: {value} is below {lowest}")


def truncated(
    w: Float[Array, "batch style"], mean: Float[Array, "style"], psi: Any
) -> Float[Array, "batch style"]:
    """Mean + psi (w - mean): Karras et al. 2019, appendix B."""
    return mean[None] + psi * (w - mean[None])
