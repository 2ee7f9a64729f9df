"""What the metrics refuse, and the one line that says why."""

from typing import TypeAlias

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Num

from jaxgan.errors import InputError

Features: TypeAlias = Float[Array | np.ndarray, "_n _size"]
"""One row an image."""

Images: TypeAlias = Num[Array | np.ndarray, "_n _height _width _channels"]
"""Numbers from 0 to a largest value, such as bytes."""


def check_finite(name: str, x: Array | np.ndarray) -> None:
    """Compares every number with NaN and infinity.

    Raises:
      InputError: naming the argument ``name``, where one of them is there.
    """
    if not bool((np if isinstance(x, np.ndarray) else jnp).isfinite(x).all()):
        raise InputError(
            f"{name}: holds NaN or infinity; use images without them, and a network that is finite"
        )


def check_count(name: str, count: int, least: int = 2) -> None:
    """Compares a number of images with the smallest that a metric takes.

    Raises:
      InputError: naming the argument ``name``, for fewer.
    """
    if count < least:
        raise InputError(f"{name}: a set of {count} is too small; give at least {least}")


def read_pair(real: Features, fake: Features) -> tuple[Array, Array]:
    """Both sets of features on the device, in float32.

    Raises:
      InputError: a set isn't a matrix, is smaller than two images, or isn't finite, or the two
        have features of different sizes.
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


def check_neighbours(k: int, *, real: int, fake: int | None = None) -> None:
    """Compares ``k`` with the neighbours that an image has in its own set.

    Raises:
      InputError: k is below 1, or an image has fewer than k neighbours.
    """
    for name, count in (("real", real), ("fake", fake)):
        if count is not None and not 1 <= k < count:
            raise InputError(
                f"k: {k} is not between 1 and {count - 1}, the neighbours that each of {count}"
                f" {name} images has; use another k or more images"
            )


def check_alike(a: Images, b: Images) -> None:
    """Compares the shapes of two batches of images.

    Raises:
      InputError: they differ, or aren't (batch, height, width, channels).
    """
    if a.ndim != 4 or a.shape != b.shape:
        raise InputError(
            f"b: {b.shape} beside {a.shape}; give two batches of one shape"
            " (batch, height, width, channels)"
        )
