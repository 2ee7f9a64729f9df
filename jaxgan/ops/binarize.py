"""Grey pixels binarized at random: white with a probability equal to their level."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from jaxgan.core.sharding import draw
from jaxgan.typing import PRNGKey

Bytes = UInt8[Array, "batch height width channels"]
Bits = Float[Array, "batch height width channels"]


def resampled(images: Bytes, key: PRNGKey) -> Bits:
    """1 with probability x / 255 for each value x, otherwise 0; drawn with the key."""
    return _bits(draw(jax.random.uniform, key, images.shape), images)


def static(images: Bytes, seed: int) -> Bits:
    """As :func:`resampled`, but an image always has the same binary form.

    The random numbers depend only on the seed and the image's own bytes. So no table is needed, and
    the result is the same in any order, batch and process.
    """
    values = images.reshape(images.shape[0], -1).astype(jnp.uint32)
    sums = ((values + 1) * jnp.asarray(_weights(values.shape[1]))[None]).sum(1, dtype=jnp.uint32)
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(seed), sums)
    uniform = jax.vmap(lambda key: jax.random.uniform(key, images.shape[1:]))(keys)
    return _bits(uniform, images)


def _bits(uniform: Float[Array, "batch height width channels"], images: Bytes) -> Bits:
    return (uniform < images.astype(jnp.float32) / 255.0).astype(jnp.float32)


@functools.lru_cache(maxsize=8)
def _weights(size: int) -> np.ndarray:
    """Odd pseudo-random numbers, one per value of an image: Knuth's multiplicative sequence."""
    return (np.arange(1, size + 1, dtype=np.uint64) * 2654435761 * 2 + 1).astype(np.uint32)
