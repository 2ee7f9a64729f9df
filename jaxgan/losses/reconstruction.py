"""Distances between an image and its target."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.typing import Scalar


def l1(x: Float[Array, "*shape"], y: Float[Array, "*shape"]) -> Scalar:
    """E[|x - y|], over all pixels."""
    return jnp.abs(x - y).mean()


def l2(x: Float[Array, "*shape"], y: Float[Array, "*shape"]) -> Scalar:
    """E[(x - y)^2], over all pixels."""
    return jnp.square(x - y).mean()
