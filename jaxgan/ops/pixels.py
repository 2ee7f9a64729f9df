"""Conversion between bytes on the host and floats in [-1, 1] on the device."""

import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8


def to_float(
    images: UInt8[Array, "*batch height width channels"],
) -> Float[Array, "*batch height width channels"]:
    """``x / 127.5 - 1``: bytes to [-1, 1]."""
    return images.astype(jnp.float32) / 127.5 - 1.0


def to_uint8(
    images: Float[Array, "*batch height width channels"],
) -> UInt8[Array, "*batch height width channels"]:
    """The nearest byte to ``(x + 1) 127.5``, after a clip to [-1, 1]."""
    return jnp.round((jnp.clip(images, -1.0, 1.0) + 1.0) * 127.5).astype(jnp.uint8)
