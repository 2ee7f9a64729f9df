"""JPEG compression on the device: rounds the DCT coefficients of 8x8 blocks.

Chroma is not subsampled (4:4:4). Entropy coding is left out, because it is lossless.

Reference: ITU-T T.81 (1992), annexes A and K; the tables are scaled as in libjpeg.
"""

import functools

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxgan.typing import Image

_LUMINANCE = """
16 11 10 16 24 40 51 61    12 12 14 19 26 58 60 55    14 13 16 24 40 57 69 56
14 17 22 29 51 87 80 62    18 22 37 56 68 109 103 77  24 35 55 64 81 104 113 92
49 64 78 87 103 121 120 101  72 92 95 98 112 100 103 99
"""
_CHROMINANCE = """
17 18 24 47 99 99 99 99  18 21 26 66 99 99 99 99  24 26 56 99 99 99 99 99  47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99
"""

_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)


def jpeg(images: Image, quality: int) -> Image:
    """Images after JPEG compression and decompression.

    Args:
      images: images with 1 or 3 channels and any size; edge pixels fill up the last blocks.
      quality: from 1 to 100.
    """
    height, width, channels = images.shape[1:]
    levels = (images + 1.0) * 127.5
    if channels == 3:
        levels = levels @ jnp.asarray(_TO_YCC.T, images.dtype)
    # A JPEG file holds values centred at 0. Y is in [0, 255]; Cb and Cr are centred already.
    centre = jnp.asarray([128.0, 0.0, 0.0][:channels], images.dtype).reshape(1, 1, 1, -1)
    edges = ((0, 0), (0, -height % 8), (0, -width % 8), (0, 0))
    centred = jnp.pad(jnp.round(levels) - centre, edges, mode="edge")
    found = _through_blocks(centred, quality)[:, :height, :width]
    found = jnp.clip(jnp.round(found), -128.0, 127.0) + centre
    if channels == 3:
        found = found @ jnp.asarray(np.linalg.inv(_TO_YCC).T, images.dtype)
    return jnp.clip(jnp.round(found), 0.0, 255.0) / 127.5 - 1.0


def _through_blocks(
    levels: Float[Array, "n rows columns channels"], quality: int
) -> Float[Array, "n rows columns channels"]:
    """DCT of each block, rounding to multiples of the quantization steps, and inverse DCT."""
    n, rows, columns, channels = levels.shape
    dct, steps = jnp.asarray(_dct(), levels.dtype), _steps(quality, channels)
    blocks = levels.reshape(n, rows // 8, 8, columns // 8, 8, channels)
    frequencies = jnp.einsum("ui,vj,nyixjc->nyuxvc", dct, dct, blocks)
    steps = jnp.asarray(steps, levels.dtype)[None, None, :, None]
    rounded = jnp.round(frequencies / steps) * steps
    return jnp.einsum("ui,vj,nyuxvc->nyixjc", dct, dct, rounded).reshape(levels.shape)


@functools.cache
def _dct() -> np.ndarray:
    """The orthonormal DCT-II matrix of size 8: (frequency, position)."""
    u, i = np.arange(8)[:, None], np.arange(8)
    matrix = np.cos((2 * i + 1) * u * np.pi / 16) / 2
    matrix[0] /= np.sqrt(2)
    return matrix


@functools.cache
def _steps(quality: int, channels: int) -> np.ndarray:
    """Quantization steps of the frequencies: (8, 8, channels)."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    tables = [_LUMINANCE] + [_CHROMINANCE] * (channels - 1)
    base = np.stack([np.array(t.split(), int).reshape(8, 8) for t in tables], axis=-1)
    return np.clip((base * scale + 50) // 100, 1, 255)
