"""Peak signal to noise ratio."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.metrics.checks import Images, check_alike


def psnr(a: Images, b: Images, max_value: float = 255.0) -> Float[Array, "batch"]:
    """``10 log10(max^2 / mean (a - b)^2)`` of each image, in decibels; infinity where they equal.

    Args:
      a: images from 0 to ``max_value``.
      b: images of the same shape.
      max_value: the largest possible.

    Raises:
      InputError: the shapes differ.
    """
    check_alike(a, b)
    squared = jnp.square(jnp.asarray(a, jnp.float32) - jnp.asarray(b, jnp.float32))
    mse = squared.mean((2, 3)).mean(1)  # of rows first: a long sum in float32 loses digits
    return 10.0 * jnp.log10(max_value**2 / mse)
