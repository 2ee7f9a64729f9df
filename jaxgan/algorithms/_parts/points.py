"""Scatter plots of points, drawn on the device, in standardised units.

Standardised data have mean 0 and standard deviation 1 along each axis, so one frame fits all data.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

SHOWN, LINES = 1000, 200
"""Number of samples in a picture, and of lines in a picture of a map."""
SIDE, LIMIT = 560, 2.5
"""Side of a picture in pixels, and the largest coordinate that it shows; the smallest is -2.5."""
GREY, PALE, BLUE = (0.5, 0.5, 0.5), (0.65, 0.75, 0.95), (-0.75, 0.0, 0.8)
"""Colours of reals, lines and samples, in [-1, 1]."""

Points = Float[Array, "_n dimensions"]
Plane = Float[Array, "_n 2"]
Picture = Float[Array, "1 side side 3"]


def marks(points: Plane, width: int) -> Bool[Array, "side side"]:
    """Mask of the pixels in squares of odd ``width`` centred on the points; y points up."""
    place = jnp.floor((points / LIMIT + 1.0) / 2.0 * SIDE)
    inside = jnp.all((place >= 0) & (place < SIDE), axis=1)
    column, row = jnp.where(inside[:, None], place, SIDE).astype(jnp.int32).T
    pixels = jnp.zeros((SIDE, SIDE)).at[SIDE - 1 - row, column].max(inside * 1.0, mode="drop")
    wide = jax.lax.reduce_window(pixels, 0.0, jax.lax.max, (width, width), (1, 1), "SAME")
    return wide > 0


def picture(*layers: tuple[Plane, tuple[float, float, float], int]) -> Picture:
    """Draws layers of (points, colour, width of a mark) on white, the last one on top."""
    image = jnp.ones((SIDE, SIDE, 3))
    for points, colour, width in layers:
        image = jnp.where(marks(points, width)[..., None], jnp.asarray(colour), image)
    return image[None]


def scattered(real: Points, fake: Points) -> dict[str, Picture]:
    """A sheet's column: samples drawn over reals; in one dimension, below them."""
    layers = [(_placed(real, 1.0), GREY, 5), (_placed(fake, -1.0), BLUE, 3)]
    return {"samples, real points in grey": picture(*layers)}


def transported(z: Points, fake: Points) -> dict[str, Picture]:
    """A sheet's column: lines from codes z, in grey, to their samples G(z).

    In one dimension the codes are at the top and the samples at the bottom.
    """
    start, end = z, fake
    if z.shape[1] == 1:
        top = jnp.full_like(z, 0.98 * LIMIT)
        start, end = jnp.concatenate([z, top], axis=1), jnp.concatenate([fake, -top], axis=1)
    share = jnp.linspace(0.0, 1.0, SIDE)[:, None, None]
    between = (start[None] * (1.0 - share) + end[None] * share).reshape(-1, 2)
    layers = [(between, PALE, 1), (start, GREY, 3), (end, BLUE, 3)]
    return {"map from z, in grey, to G(z)": picture(*layers)}


def _placed(points: Points, sign: float) -> Plane:
    """Points in the plane; one-dimensional points get heights of one sign, one above the other."""
    if points.shape[1] == 2:
        return points
    heights = jnp.linspace(0.05, 0.95, points.shape[0]) * sign * LIMIT
    return jnp.stack([points[:, 0], heights], axis=1)
