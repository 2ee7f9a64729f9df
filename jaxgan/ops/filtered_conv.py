"""Convolutions of stride 2, up and down, with a low-pass filter against aliasing (FIR).

Reference: Karras et al. 2019 (StyleGAN), section 2, after Zhang 2019, with the taps [1, 3, 3, 1].
"""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxgan.ops.conv import conv, conv_transpose
from jaxgan.ops.geometry import Kernel
from jaxgan.typing import Image

TAPS = (1.0, 3.0, 3.0, 1.0)
"""The binomial filter of StyleGAN and StyleGAN2."""


def lowpass_filter(
    x: Image, taps: Sequence[float] = TAPS, padding: tuple[int, int] = (1, 2), gain: float = 1.0
) -> Float[Array, "batch new_height new_width channels"]:
    """Filters both axes: y_j = gain sum_k f_k x_{j + k - low}, with zeros beyond the edge.

    Args:
      x: images (n, h, w, c).
      taps: the K taps of the filter f, normalized to sum 1.
      padding: pixels ``(low, high)`` added to each side, so that a side h becomes h + low + high -
        K + 1.
      gain: gain along each axis.
    """
    for axis in (1, 2):
        edges = [(0, 0, 0)] * x.ndim
        edges[axis] = (*padding, 0)
        padded = lax.pad(x, jnp.zeros((), x.dtype), edges)
        size = padded.shape[axis] - len(taps) + 1
        total = jnp.zeros((), x.dtype)
        for k, tap in enumerate(taps):
            total += gain * tap / sum(taps) * lax.slice_in_dim(padded, k, k + size, 1, axis)
        x = total
    return x


def upsample_lowpass_conv(
    x: Image, kernel: Kernel, taps: Sequence[float] = TAPS
) -> Float[Array, "batch 2*height 2*width features"]:
    """Doubles the size: inserts zeros, convolves, then filters with gain 2 along each axis.

    Args:
      x: images (n, h, w, c).
      kernel: (3, 3, c, features), as in ``jax.lax.conv_transpose``.
      taps: taps of the filter, of even number.
    """
    wide = conv_transpose(x, kernel, (2, 2), "VALID")  # 2h + 1
    low = len(taps) // 2 - 1
    return lowpass_filter(wide, taps, (low, low), gain=2.0)


def lowpass_conv_downsample(
    x: Image, kernel: Kernel, taps: Sequence[float] = TAPS
) -> Float[Array, "batch height//2 width//2 features"]:
    """Halves the size, for even sides: the filter, then the convolution at every second pixel.

    Args:
      x: images (n, 2h, 2w, c).
      kernel: (3, 3, c, features).
      taps: taps of the filter, of even number.
    """
    pad = len(taps) // 2
    return conv(lowpass_filter(x, taps, (pad, pad)), kernel, (2, 2), "VALID")
