"""Doubles and halves the size with a low-pass filter (FIR) along both axes; zeros beyond the edge.

Both are sums of shifted slices, so they compile to one fused loop and are differentiable to any
order.
"""

import functools
from collections.abc import Iterable, Sequence

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxgan.typing import Image


def lowpass_upsample(
    x: Image, taps: Sequence[float] = (1.0, 2.0, 1.0)
) -> Float[Array, "batch 2*height 2*width channels"]:
    """Inserts zeros, then filters with gain 2 along each axis: (n, h, w, c) to (n, 2h, 2w, c).

    Along an axis y_j = 2 sum_i f_{j + K // 2 - 1 - 2i} x_i, with K taps f normalized to sum 1. The
    padding is that of Karras et al. (upfirdn).

    Args:
      x: images.
      taps: taps of the filter: [1, 2, 1] in R3GAN, [1, 3, 3, 1] in StyleGAN2.
    """
    for axis in (1, 2):
        x = _up(x, taps, axis)
    return x


def lowpass_downsample(
    x: Image, taps: Sequence[float] = (1.0, 2.0, 1.0)
) -> Float[Array, "batch height//2 width//2 channels"]:
    """Filters, then keeps every second pixel: (n, 2h, 2w, c) to (n, h, w, c), for even sides.

    Along an axis y_j = sum_k f_{K-1-k} x_{2j + k - (K-1)//2}, with K taps f normalized to sum 1.
    The padding is that of Karras et al. (upfirdn).

    Args:
      x: images.
      taps: taps of the filter.
    """
    for axis in (1, 2):
        x = _down(x, taps, axis)
    return x


def _up(x: Array, taps: Sequence[float], axis: int) -> Array:
    size, k, total = x.shape[axis], len(taps), sum(taps)
    phases = []
    for parity in (0, 1):
        first = (parity + k // 2 - 1) % 2  # first tap of the phase, and the delay of x in it
        late = (first - (parity + k // 2 - 1)) // 2
        shifted = (_padded(x, late + i, -late - i, axis) for i in range(k))
        weights = (2 * tap / total for tap in taps[first::2])
        phases.append(_weighted(weights, shifted))
    shape = (*x.shape[:axis], 2 * size, *x.shape[axis + 1 :])
    return jnp.stack(phases, axis + 1).reshape(shape)


def _down(x: Array, taps: Sequence[float], axis: int) -> Array:
    size, k, total = x.shape[axis], len(taps), sum(taps)
    low = (k - 1) // 2
    padded = _padded(x, low, k - 1 - low, axis)
    slices = (lax.slice_in_dim(padded, i, i + size - 1, 2, axis) for i in range(k))
    return _weighted((tap / total for tap in reversed(taps)), slices)


def _weighted(weights: Iterable[float], arrays: Iterable[Array]) -> Array:
    """The weighted sum of the arrays; those beyond the last weight are ignored."""
    return functools.reduce(jnp.add, (w * x for w, x in zip(weights, arrays, strict=False)))


def _padded(x: Array, low: int, high: int, axis: int) -> Array:
    edges = [(0, 0, 0)] * x.ndim
    edges[axis] = (low, high, 0)
    return lax.pad(x, jnp.zeros((), x.dtype), edges)
