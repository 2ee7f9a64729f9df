"""Dropout whose draws are those of the whole batch, on one device and on several."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.core.sharding import draw


def dropout(net: nn.Module, x: Float[Array, "batch *rest"], rate: float, train: bool) -> jax.Array:
    """Scales ``x`` by 1 / (1 - rate) where it is kept, zeroes the rest; in training only.

    What is kept is drawn from the net's stream ``dropout`` (Srivastava et al. 2014).
    """
    if not (train and rate):
        return x
    keep = 1 - rate
    kept = draw(lambda k, s: jax.random.bernoulli(k, keep, s), net.make_rng("dropout"), x.shape)
    return jnp.where(kept, x / keep, 0).astype(x.dtype)
