"""Dense encoders and decoders for the rows of a table."""

import math
from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.nets.points import Activation, mlp
from jaxgan.ops import Initializer
from jaxgan.typing import Examples


class RowEncoder(nn.Module):
    """A row to a code: ``layers`` dense layers with activation, then a linear one."""

    hidden: int = 32
    """Number of units in a hidden layer."""
    layers: int = 1
    """Number of hidden layers."""
    activation: Activation = "relu"
    """Activation of the hidden layers."""
    initializer: Initializer = "glorot"
    """Initializer of kernels; if it is one of He's, the last layer uses Glorot."""
    outputs: int = 2
    """Number of outputs per row, set by the method."""
    point_shape: tuple[int, ...] = (2,)
    """Shape of one row."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, rows: Examples) -> Float[Array, "batch outputs"]:
        """(n, *point_shape) to (n, outputs)."""
        return mlp(self, rows.reshape(rows.shape[0], -1), self.outputs)


class RowDecoder(nn.Module):
    """A code to a row, standardised like the data: ``layers`` dense layers, then a linear one."""

    hidden: int = 32
    """Number of units in a hidden layer."""
    layers: int = 1
    """Number of hidden layers."""
    activation: Activation = "relu"
    """Activation of the hidden layers."""
    initializer: Initializer = "glorot"
    """Initializer of kernels; if it is one of He's, the last layer uses Glorot."""
    point_shape: tuple[int, ...] = (2,)
    """Shape of one row."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters, the last layer and the result are float32."""

    @nn.compact
    def __call__(self, codes: Float[Array, "batch numbers"]) -> Examples:
        """(n, numbers) to (n, *point_shape)."""
        rows = mlp(self, codes, math.prod(self.point_shape))
        return rows.reshape(-1, *self.point_shape)
