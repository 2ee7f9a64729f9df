"""Parts of the super-resolution nets."""

from typing import Any

import jax
from flax import linen as nn

from jaxgan.errors import InputError
from jaxgan.ops import Conv, PReLU, pixel_shuffle

SCALES = (2, 3, 4)
"""Upscaling factors that the nets support."""

small_init = nn.initializers.variance_scaling(0.01, "fan_in", "truncated_normal")
"""Initializer of last layers with a tenth of the usual values. A net then starts with a nearly grey
image, or near the bicubic image if it learns the difference from it."""


def check_scale(net: Any) -> None:
    """Raises InputError if the field ``scale`` of a net is not supported."""
    if net.scale not in SCALES:
        has = ", ".join(map(str, SCALES))
        raise InputError(
            f"algorithm.generator.scale: {type(net).__name__} has no x{net.scale}: use one of {has}"
        )


class Upsampler(nn.Module):
    """A convolution to s^2 times the channels, then a pixel shuffle; x4 is x2 twice."""

    scale: int
    activate: bool = False
    """Whether a PReLU follows each pixel shuffle, as in SRResNet."""
    dtype: Any = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """(n, h, w, c) to (n, h scale, w scale, c)."""
        for step in (2, 2) if self.scale == 4 else (self.scale,):
            wide = Conv(step**2 * x.shape[-1], (3, 3), dtype=self.dtype)(x)
            x = pixel_shuffle(wide, step)
            x = PReLU()(x) if self.activate else x
        return x
