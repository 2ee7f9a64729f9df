"""The parametric ReLU (He et al. 2015)."""

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float


class PReLU(nn.Module):
    """``max(0, x) + a min(0, x)`` with one slope a per channel, which starts at 0.25."""

    @nn.compact
    def __call__(self, x: Float[Array, "*batch channels"]) -> Float[Array, "*batch channels"]:
        """The same shape as ``x``."""
        slope = self.param("slope", nn.initializers.constant(0.25), x.shape[-1:], jnp.float32)
        slope = slope.astype(x.dtype).reshape((1,) * (x.ndim - 1) + x.shape[-1:])
        return jnp.where(x >= 0, x, slope * x)
