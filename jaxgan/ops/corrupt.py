"""Frequency bands amplified and windows cut out, differently for each example.

Reference: Karras et al. 2020, Training GANs with limited data, appendix B.
"""

import functools

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxgan.core.sharding import sharded
from jaxgan.typing import Image

SYM2 = (-0.12940952255092145, 0.22414386804185735, 0.836516303737469, 0.48296291314469025)
"""Taps of the symlet with 2 vanishing moments (Daubechies 1992), equal to her 4-tap wavelet."""

BANDS = 4
"""Number of bands, one per octave: [0, pi/8], [pi/8, pi/4], [pi/4, pi/2], [pi/2, pi]."""


@functools.cache
def band_filters() -> np.ndarray:
    """Zero-phase taps of the four bands, lowest first: (4, 43). They sum to the identity.

    With L(z) = H(z) H(1/z) / 2 of the wavelet sym2 and its mirror image L(-z) = 1 - L(z), they are
    L(z) L(z^2) L(z^4), L(z) L(z^2) L(-z^4), L(z) L(-z^2) and L(-z).
    """
    low = np.convolve(SYM2, SYM2[::-1]) / 2
    high = -low
    high[3] += 1
    rest, bands = np.ones(1), []
    for octave in range(BANDS - 1):
        bands.append(np.convolve(rest, _stretched(high, 1 << octave)))
        rest = np.convolve(rest, _stretched(low, 1 << octave))
    bands = [rest, *reversed(bands)]
    return np.stack([np.pad(b, (len(rest) - len(b)) // 2) for b in bands])


def amplified(images: Image, gains: Float[Array, "batch 4"]) -> Image:
    """Images filtered with sum_i g_i B_i along both axes, and mirrored at their edges.

    Args:
      images: (n, h, w, c).
      gains: gains g of the four bands, lowest first.
    """
    rows, columns = (
        jnp.einsum("ni,ijk->njk", gains, jnp.asarray(_band_matrices(size), jnp.float32))
        for size in images.shape[1:3]
    )
    return jnp.einsum("nij,njlc->nilc", rows, jnp.einsum("nkl,nhlc->nhkc", columns, images))


def cut_out(
    images: Image,
    x: Float[Array, "batch"],
    y: Float[Array, "batch"],
    sides: Float[Array, "batch"],
) -> Image:
    """Images with a window set to 0.

    Args:
      images: (n, h, w, c).
      x: centre of the window, from 0 at the left edge to 1 at the right edge.
      y: the same, from the top.
      sides: sides of the window, relative to those of the image.
    """
    height, width = images.shape[1:3]
    columns, rows = ((jnp.arange(size) + 0.5) / size for size in (width, height))
    away_x = jnp.abs(columns[None] - x[:, None]) >= sides[:, None] / 2
    away_y = jnp.abs(rows[None] - y[:, None]) >= sides[:, None] / 2
    kept = away_x[:, None, :] | away_y[:, :, None]
    return sharded(images * kept[..., None].astype(images.dtype))


def _stretched(taps: np.ndarray, factor: int) -> np.ndarray:
    """f(z^factor)."""
    out = np.zeros(factor * (len(taps) - 1) + 1)
    out[::factor] = taps
    return out


@functools.cache
def _band_matrices(size: int) -> np.ndarray:
    """Matrices that apply the bands to a mirrored line of ``size`` pixels: (4, size, size)."""
    taps = band_filters()
    reach, period = taps.shape[1] // 2, max(2 * (size - 1), 1)
    matrices = np.zeros((BANDS, size, size))
    for i in range(size):
        for k in range(-reach, reach + 1):
            j = (i + k) % period
            matrices[:, i, min(j, period - j)] += taps[:, k + reach]
    return matrices
