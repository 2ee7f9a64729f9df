"""Dropout whose random mask is that of the whole batch, on one device or on several."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.core.sharding import draw


def dropout(net: nn.Module, x: Float[Array, "batch *rest"], rate: float, train: bool) -> jax.Array:
    """In training, zeroes ``x`` with probability ``rate`` and scales the rest by 1 / (1 - rate).

    The mask comes from the net's random stream ``dropout`` (Srivastava et al. 2014).
    """
    if not (train and rate):
        return x
    keep = 1 - rate
    kept = draw(lambda k, s: jax.random.bernoulli(k, keep, s), net.make_rng("dropout"), x.shape)
    return jnp.where(kept, x / keep, 0).astype(x.dtype)
