"""Peak signal to noise ratio."""

from typing import TypeAlias

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Num

from jaxgan.errors import InputError

Images: TypeAlias = Num[Array | np.ndarray, "_n _height _width _channels"]
"""Images with values from 0 to a largest value, such as bytes."""


def psnr(a: Images, b: Images, max_value: float = 255.0) -> Float[Array, "batch"]:
    """``10 log10(max^2 / mean (a - b)^2)`` of each image, in decibels; infinite if they are equal.

    Args:
      a: images from 0 to ``max_value``.
      b: images of the same shape.
      max_value: largest possible value.

    Raises:
      InputError: the shapes differ.
    """
    check_alike(a, b)
    squared = jnp.square(jnp.asarray(a, jnp.float32) - jnp.asarray(b, jnp.float32))
    mse = squared.mean((2, 3)).mean(1)  # by rows first, since a long float32 sum loses digits
    return 10.0 * jnp.log10(max_value**2 / mse)


def check_alike(a: Images, b: Images) -> None:
    """Checks that two batches of images have the same shape.

    Raises:
      InputError: they differ, or aren't (batch, height, width, channels).
    """
    if a.ndim != 4 or a.shape != b.shape:
        raise InputError(
            f"b: {b.shape} beside {a.shape}; give two batches of one shape"
            " (batch, height, width, channels)"
        )
