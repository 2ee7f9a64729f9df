"""The layer of image-to-image networks and their discriminators."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxgan.ops import (
    Conv,
    ConvTranspose,
    Initializer,
    Norm,
    Normalize,
    Padding,
    apply_layer,
    gamma_init,
    kernel_init,
    mixes_batch,
    pad,
)

Activation = Callable[[jax.Array], jax.Array]

leaky_relu: Activation = partial(nn.leaky_relu, negative_slope=0.2)


class Layer(nn.Module):
    """Convolution, optionally followed by a norm and an activation.

    As in the papers' code, there is no bias before a batch norm. Before an instance norm there is
    one, which the norm would cancel: it counts as a parameter but is neither added nor trained.
    """

    features: int
    size: int
    """Side of the square kernel."""
    norm: Norm
    initializer: Initializer
    strides: int = 1
    padding: Padding = "zero"
    """Kind of padding around the image, ``(size - 1) // 2`` pixels wide."""
    transpose: bool = False
    """Whether the convolution is transposed, which gives ``strides`` times the size."""
    use_bias: bool = True
    """Whether the convolution has a bias; a batch norm after it would cancel the bias."""
    normalize: bool = True
    """Whether a norm of activations follows; ``weight`` and ``spectral`` always apply to the
    kernel."""
    activation: Activation | None = nn.relu
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """(n, h, w, c) to (n, h', w', features)."""
        layer = self._transposed() if self.transpose else self._convolution()
        if self.padding != "zero":
            x = pad(x, (self.size - 1) // 2, self.padding)
        x = apply_layer(layer, x, self.norm, train)
        if self.normalize:
            gamma = gamma_init(self.initializer)
            x = Normalize(self.norm, gamma_init=gamma, dtype=self.dtype)(x, train)
        return self.activation(x) if self.activation else x

    def _convolution(self) -> Conv:
        p = (self.size - 1) // 2 if self.padding == "zero" else 0
        pads = ((p, p), (p, p))
        return Conv(self.features, strides=self.strides, padding=pads, **self._shared())

    def _transposed(self) -> ConvTranspose:
        """Padded as in torch, with padding ``p`` and an output padding that gives the size."""
        p = (self.size - 1) // 2
        low = self.size - 1 - p
        pads = ((low, low + self.strides + 2 * p - self.size),) * 2
        strides = (self.strides, self.strides)
        return ConvTranspose(self.features, strides=strides, padding=pads, **self._shared())

    def _shared(self) -> dict[str, Any]:
        return {
            "kernel_size": (self.size, self.size),
            "use_bias": self.use_bias and not (self.normalize and mixes_batch(self.norm)),
            "add_bias": not (self.normalize and self.norm == "instance"),
            "kernel_init": kernel_init(self.initializer),
            "dtype": self.dtype,
        }
