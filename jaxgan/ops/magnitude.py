"""Layers that preserve the magnitude of activations: E[x^2] = 1 gives E[y^2] = 1 for any weights.

A weight that such a layer normalizes is called ``unit_...``. Its own norm does not affect the
result, and the optimizer's steps would let it grow without bound. So GAN and R3GAN reset it after
every step with :func:`renormalized` (forced weight normalization).

Reference: Karras et al. 2024, "Analyzing and improving the training dynamics of diffusion models"
(EDM2), section 2 and appendix B.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.ops.conv import conv
from jaxgan.typing import Image, Label, PRNGKey

SILU = 0.596
"""Root mean square of SiLU(x) for x ~ N(0, 1)."""
EPSILON = 1e-8
"""Constant added to the mean square of a weight."""
PREFIX = "unit_"
"""Prefix of the names of normalized weights."""


def mp_silu(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """SiLU(x) / 0.596, of unit magnitude for x ~ N(0, 1): equation 81."""
    return nn.silu(x) / SILU


def mp_sum(
    a: Float[Array, "*shape"], b: Float[Array, "*shape"], t: float = 0.3
) -> Float[Array, "*shape"]:
    """((1 - t) a + t b) / sqrt((1 - t)^2 + t^2), of unit magnitude: equation 88."""
    return ((1 - t) * a + t * b) / math.hypot(1 - t, t)


def unit(weight: Float[Array, "*inputs outputs"]) -> Float[Array, "*inputs outputs"]:
    """W / sqrt(E[w^2] + 1e-8) for each output (the last axis), which then has norm sqrt(inputs)."""
    axes = tuple(range(weight.ndim - 1))
    return weight * jax.lax.rsqrt(jnp.square(weight).mean(axes, keepdims=True) + EPSILON)


def unit_normal(key: PRNGKey, shape: tuple[int, ...], dtype: Any = jnp.float32) -> Array:
    """Initializer: N(0, 1), then normalized by :func:`unit`."""
    return unit(jax.random.normal(key, shape, dtype))


def renormalized(params: Any) -> Any:
    """A tree of parameters, with all normalized weights reset to norm sqrt(inputs)."""

    def leaf(path: Any, weight: Array) -> Array:
        name = jax.tree_util.keystr(path[-1:], simple=True)
        return unit(weight) if name.startswith(PREFIX) else weight

    return jax.tree_util.tree_map_with_path(leaf, params)


class MPConv(nn.Module):
    """Convolution with the kernel unit(w) / sqrt(fan_in), without bias.

    Stride 1, 'same' padding; fan_in = size^2 channels / groups.
    """

    features: int
    """Number of output channels."""
    size: int = 3
    """Height and width of the kernel."""
    groups: int = 1
    """Number of channel groups."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters are float32."""

    @nn.compact
    def __call__(self, x: Image) -> Float[Array, "batch height width features"]:
        """(n, h, w, c) to (n, h, w, features)."""
        shape = (self.size, self.size, x.shape[-1] // self.groups, self.features)
        kernel = unit(self.param("unit_kernel", unit_normal, shape))
        kernel = kernel / math.sqrt(math.prod(shape[:-1]))
        return conv(x.astype(self.dtype), kernel.astype(self.dtype), groups=self.groups)


class MPDense(nn.Module):
    """x unit(W) / sqrt(inputs), without bias."""

    features: int
    """Number of output features."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters are float32."""

    @nn.compact
    def __call__(self, x: Float[Array, "batch inputs"]) -> Float[Array, "batch features"]:
        """(n, inputs) to (n, features)."""
        kernel = unit(self.param("unit_kernel", unit_normal, (x.shape[-1], self.features)))
        kernel = kernel / math.sqrt(x.shape[-1])
        return x.astype(self.dtype) @ kernel.astype(self.dtype)


class MPEmbed(nn.Module):
    """Row y of unit(W), equal to the dense layer of the one-hot label times sqrt(classes)."""

    classes: int
    """Number of classes."""
    features: int
    """Number of output features."""

    @nn.compact
    def __call__(self, labels: Label) -> Float[Array, "batch features"]:
        """(n,) to (n, features)."""
        return unit(self.param("unit_table", unit_normal, (self.classes, self.features)))[labels]
