"""Checks of the features that metrics read."""

from typing import TypeAlias

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxgan.errors import InputError

Features: TypeAlias = Float[Array | np.ndarray, "_n _size"]
"""Features, one row per image."""


def check_finite(name: str, x: Array | np.ndarray) -> None:
    """Checks that all numbers are finite.

    Raises:
      InputError: one is NaN or infinite; the message names the argument ``name``.
    """
    if not bool((np if isinstance(x, np.ndarray) else jnp).isfinite(x).all()):
        raise InputError(
            f"{name}: holds NaN or infinity; use images without them, and a network that is finite"
        )


def check_count(name: str, count: int, least: int = 2) -> None:
    """Checks that a number of images is at least the smallest that a metric takes.

    Raises:
      InputError: there are fewer; the message names the argument ``name``.
    """
    if count < least:
        raise InputError(f"{name}: a set of {count} is too small; give at least {least}")


def read_pair(real: Features, fake: Features) -> tuple[Array, Array]:
    """Both sets of features on the device, in float32.

    Raises:
      InputError: a set isn't a matrix, has fewer than two images or isn't finite, or the sets have
        features of different sizes.
    """
    for name, x in (("real", real), ("fake", fake)):
        if x.ndim != 2:
            raise InputError(f"{name}: {x.shape} is no matrix; give one row of features an image")
        check_count(name, len(x))
    if real.shape[1] != fake.shape[1]:
        raise InputError(
            f"fake: features of {fake.shape[1]} numbers cannot be compared with the real"
            f" {real.shape[1]}; use one network for both"
        )
    pair = jnp.asarray(real, jnp.float32), jnp.asarray(fake, jnp.float32)
    for name, x in zip(("real", "fake"), pair, strict=True):
        check_finite(name, x)
    return pair
