"""Conversion between sRGB and CIE L*a*b* (1976), with white point D65.

L* is the lightness, from 0 to 100; a* and b* are the colour, from about -108 to 99.

Reference: IEC 61966-2-1 (sRGB); CIE 15 (L*a*b*).
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxgan.typing import Image

_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = _TO_XYZ.sum(1)

_EDGE = 6 / 29
"""Cube root of the value, relative to white, below which L*a*b* uses a line for the cube root."""

Lab = Float[Array, "batch height width 3"]


def rgb_to_lab(images: Image) -> Lab:
    """L*, a* and b* of images (n, h, w, 3) in [-1, 1]."""
    s = (images + 1.0) / 2.0
    bent = jnp.power(jnp.maximum(s + 0.055, 0.055) / 1.055, 2.4)
    linear = jnp.where(s <= 0.04045, s / 12.92, bent)
    xyz = linear @ jnp.asarray((_TO_XYZ / _WHITE[:, None]).T, images.dtype)
    root = jnp.cbrt(jnp.maximum(xyz, _EDGE**3))
    f = jnp.where(xyz > _EDGE**3, root, xyz / (3 * _EDGE**2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return jnp.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def lab_to_rgb(lab: Lab) -> Image:
    """Images (n, h, w, 3) in [-1, 1]; colours outside sRGB are clipped."""
    y = (lab[..., 0] + 16.0) / 116.0
    f = jnp.stack([y + lab[..., 1] / 500.0, y, y - lab[..., 2] / 200.0], axis=-1)
    xyz = jnp.where(f > _EDGE, f**3, 3 * _EDGE**2 * (f - 4 / 29))
    linear = xyz @ jnp.asarray(np.linalg.inv(_TO_XYZ / _WHITE[:, None]).T, lab.dtype)
    linear = jnp.clip(linear, 0.0, 1.0)
    bent = 1.055 * jnp.power(jnp.maximum(linear, 0.0031308), 1 / 2.4) - 0.055
    return 2.0 * jnp.where(linear <= 0.0031308, 12.92 * linear, bent) - 1.0
