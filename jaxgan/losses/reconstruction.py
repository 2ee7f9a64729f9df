"""Distances between an image and what it should be."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.typing import Scalar


def l1(x: Float[Array, "*shape"], y: Float[Array, "*shape"]) -> Scalar:
    """E[|x - y|], over all pixels."""
    return jnp.abs(x - y).mean()
