"""Dense networks for points in the plane or on a line, such as samples of a Gaussian mixture."""

import math
from functools import partial
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxgan.nets.checks import check_choices
from jaxgan.ops import Initializer, kernel_init, linear_init
from jaxgan.typing import Examples, Label, Latent, Logits

Activation: TypeAlias = Literal["relu", "leaky_relu", "silu", "tanh"]
"""Activations by name; ``leaky_relu`` has slope 0.2."""

_ACTIVATIONS: dict[Activation, Any] = {
    "relu": nn.relu,
    "leaky_relu": partial(nn.leaky_relu, negative_slope=0.2),
    "silu": nn.silu,
    "tanh": jnp.tanh,
}


class PointGenerator(nn.Module):
    """A latent code to a point: ``layers`` dense layers with activation, then linear; no tanh."""

    hidden: int = 128
    """Number of units in a hidden layer."""
    layers: int = 3
    """Number of hidden layers."""
    activation: Activation = "relu"
    """Activation of the hidden layers."""
    initializer: Initializer = "he"
    """Initializer of kernels; if it is one of He's, the last layer uses Glorot."""
    point_shape: tuple[int, ...] = (2,)
    """Shape of one point: (2,) in the plane, (1,) on a line."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, z: Latent, labels: Label | None = None, train: bool = True) -> Examples:
        """(n, latent) to (n, *point_shape), standardised like the data; labels are ignored."""
        del labels, train
        points = mlp(self, z, math.prod(self.point_shape))
        return points.reshape(-1, *self.point_shape)


class PointDiscriminator(nn.Module):
    """A point to a score: ``layers`` dense layers with activation, then dense 1."""

    hidden: int = 128
    """Number of units in a hidden layer."""
    layers: int = 3
    """Number of hidden layers."""
    activation: Activation = "relu"
    """Activation of the hidden layers."""
    initializer: Initializer = "he"
    """Initializer of kernels; if it is one of He's, the last layer uses Glorot."""
    point_shape: tuple[int, ...] = (2,)
    """Shape of one point: (2,) in the plane, (1,) on a line."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, points: Examples, labels: Label | None = None, train: bool = True) -> Logits:
        """(n, *point_shape) to (n,); labels are ignored."""
        del labels, train
        return mlp(self, points.reshape(points.shape[0], -1), 1)[:, 0]


def mlp(net: Any, x: jax.Array, features: int) -> jax.Array:
    """The hidden layers given by the fields of ``net``, then a linear layer in float32."""
    check_choices(net)
    x = x.astype(net.dtype)
    for _ in range(net.layers):
        init = kernel_init(net.initializer)
        x = _ACTIVATIONS[net.activation](nn.Dense(net.hidden, dtype=net.dtype, kernel_init=init)(x))
    return nn.Dense(features, dtype=jnp.float32, kernel_init=linear_init(net.initializer))(x)
