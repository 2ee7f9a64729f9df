"""Doubles and halves the size by blocks of 2x2 pixels."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.typing import Image


def upsample(x: Image) -> Float[Array, "batch 2*height 2*width channels"]:
    """Nearest neighbour, (n, h, w, c) to (n, 2h, 2w, c): each pixel becomes a 2x2 block."""
    n, h, w, c = x.shape
    blocks = jnp.broadcast_to(x[:, :, None, :, None, :], (n, h, 2, w, 2, c))
    return blocks.reshape(n, 2 * h, 2 * w, c)


def mean_pool(x: Image) -> Float[Array, "batch height//2 width//2 channels"]:
    """Means of 2x2 blocks, (n, 2h, 2w, c) to (n, h, w, c); both sides must be even."""
    n, h, w, c = x.shape
    blocks = x.reshape(n, h // 2, 2, w // 2, 2, c)
    # Sums of slices, since XLA's CPU backend uses a slow library to reduce two inner axes.
    rows = blocks[:, :, 0] + blocks[:, :, 1]
    return (rows[:, :, :, 0] + rows[:, :, :, 1]) / 4


def max_pool(x: Image) -> Float[Array, "batch height//2 width//2 channels"]:
    """Maxima of 2x2 blocks, (n, 2h, 2w, c) to (n, h, w, c); both sides must be even.

    Equal maxima of a block share its gradient.
    """
    n, h, w, c = x.shape
    blocks = x.reshape(n, h // 2, 2, w // 2, 2, c)
    rows = jnp.maximum(blocks[:, :, 0], blocks[:, :, 1])
    return jnp.maximum(rows[:, :, :, 0], rows[:, :, :, 1])
