"""Colours changed by 4x4 matrices, one for each example.

A matrix acts on (red, green, blue, 1). Rotations and reflections are about the grey axis, v = (1,
1, 1) / sqrt(3).

Reference: Karras et al. 2020, Training GANs with limited data, appendix B.
"""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.typing import Image

Matrices = Float[Array, "batch 4 4"]
Numbers = Float[Array, "batch"]


def brightness(b: Numbers) -> Matrices:
    """Adds b to all colours."""
    same = jnp.zeros((4, 4)).at[:3, 3].set(1.0)
    return jnp.eye(4)[None] + b[:, None, None] * same[None]


def contrast(c: Numbers) -> Matrices:
    """Multiplies all colours by c; 0 is middle grey."""
    colours = jnp.diag(jnp.array([1.0, 1.0, 1.0, 0.0]))
    return jnp.eye(4)[None] + (c - 1)[:, None, None] * colours[None]


def luma_flip(flip: Numbers) -> Matrices:
    """I - 2 v v^T where ``flip`` is 1: negates the lightness and keeps hue and saturation."""
    return jnp.eye(4)[None] - 2 * flip[:, None, None] * _grey()[None]


def hue(angle: Numbers) -> Matrices:
    """Rotates colours about v by an angle in radians (Rodrigues)."""
    grey = _grey()
    v = 1 / math.sqrt(3)
    cross = v * jnp.array([[0, -1, 1, 0], [1, 0, -1, 0], [-1, 1, 0, 0], [0, 0, 0, 0]], jnp.float32)
    rest = jnp.diag(jnp.array([1.0, 1.0, 1.0, 0.0])) - grey
    cos, sin = jnp.cos(angle)[:, None, None], jnp.sin(angle)[:, None, None]
    return (jnp.eye(4) - rest)[None] + cos * rest[None] + sin * cross[None]


def saturation(s: Numbers) -> Matrices:
    """Multiplies the distance from v by s."""
    rest = jnp.diag(jnp.array([1.0, 1.0, 1.0, 0.0])) - _grey()
    return jnp.eye(4)[None] + (s - 1)[:, None, None] * rest[None]


def recoloured(images: Image, matrices: Matrices) -> Image:
    """C (r, g, b, 1) at each pixel. For one channel, r = g = b, and the result is averaged.

    Raises:
      ValueError: the images have neither one channel nor three.
    """
    linear, constant = matrices[:, :3, :3], matrices[:, :3, 3]
    if images.shape[3] == 3:
        return jnp.einsum("nij,nhwj->nhwi", linear, images) + constant[:, None, None]
    if images.shape[3] != 1:
        raise ValueError(f"images of {images.shape[3]} channels: colours need 1 or 3")
    factor, added = linear.sum(2).mean(1), constant.mean(1)
    return factor[:, None, None, None] * images + added[:, None, None, None]


def _grey() -> Float[Array, "4 4"]:
    """The projection v v^T onto the grey axis."""
    return jnp.zeros((4, 4)).at[:3, :3].set(1 / 3)
