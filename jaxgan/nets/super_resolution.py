"""Parts of the super-resolution nets."""

from typing import Any

import jax
from flax import linen as nn

from jaxgan.errors import InputError
from jaxgan.ops import Conv, PReLU, pixel_shuffle

SCALES = (2, 3, 4)
"""Scales that the nets have."""

small_init = nn.initializers.variance_scaling(0.01, "fan_in", "truncated_normal")
"""Initializer of last layers, a tenth of the usual values: a net starts with a nearly grey image,
or near the bicubic enlargement where it learns what that lacks."""


def check_scale(net: Any) -> None:
    """Raises InputError where the field ``scale`` of a net is none that it has."""
    if net.scale not in SCALES:
        has = ", ".join(map(str, SCALES))
        raise InputError(
            f"algorithm.generator.scale: {type(net).__name__} has no x{net.scale}: use one of {has}"
        )


class Upsampler(nn.Module):
    """A convolution to s^2 times the channels, then a pixel shuffle: x2, x3, or x2 twice for x4."""

    scale: int
    activate: bool = False
    """A PReLU follows each pixel shuffle, as in SRResNet."""
    dtype: Any = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """(n, h, w, c) to (n, h scale, w scale, c)."""
        for step in (2, 2) if self.scale == 4 else (self.scale,):
            wide = Conv(step**2 * x.shape[-1], (3, 3), dtype=self.dtype)(x)
            x = pixel_shuffle(wide, step)
            x = PReLU()(x) if self.activate else x
        return x
