"""Image corruptions, as pure functions. Random ones take a key and differ between images.

Images are (n, h, w, c) in [-1, 1]. So are the results, as an image file can hold no other values.
"""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.core.sharding import draw
from jaxgan.ops.corrupt import cut_out
from jaxgan.typing import Image, PRNGKey


def gaussian(images: Image, key: PRNGKey, deviation: float) -> Image:
    """The images plus s e with e ~ N(0, 1) for each value, clipped to [-1, 1].

    Args:
      images: images of any size.
      key: key of the noise e.
      deviation: standard deviation s; black and white differ by 2.
    """
    noise = draw(jax.random.normal, key, images.shape)
    return jnp.clip(images + deviation * noise, -1.0, 1.0)


def salt_and_pepper(images: Image, key: PRNGKey, share: float) -> Image:
    """A fraction ``share`` of the pixels becomes black or white in all channels, equally likely."""
    u = draw(jax.random.uniform, key, (*images.shape[:3], 1))
    extreme = jnp.where(u < share / 2, -1.0, 1.0)
    return jnp.where(u < share, extreme, images)


def masked(images: Image, key: PRNGKey, side: float) -> Image:
    """Middle grey in a random window inside the image, with ``side`` times the image's sides."""
    x, y = draw(jax.random.uniform, key, (images.shape[0], 2)).T
    x, y = (side / 2 + place * (1.0 - side) for place in (x, y))
    return cut_out(images, x, y, jnp.full_like(x, side))


def blurred(images: Image, radius: float) -> Image:
    """Images convolved with a Gaussian along both axes, and mirrored at their edges.

    Args:
      images: images of any size.
      radius: standard deviation in pixels; the filter is cut off at three of them.
    """
    for axis, letters in ((1, "ij,njwc->niwc"), (2, "ij,nhjc->nhic")):
        matrix = jnp.asarray(_blur_matrix(images.shape[axis], radius), images.dtype)
        images = jnp.einsum(letters, matrix, images)
    return images


@functools.lru_cache(maxsize=32)
def _blur_matrix(size: int, radius: float) -> np.ndarray:
    """The filter on a line of ``size`` pixels, mirrored so that its edge pixels are repeated."""
    reach = max(1, math.ceil(3 * radius))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / radius) ** 2)
    matrix = np.zeros((size, size))
    for offset, tap in zip(range(-reach, reach + 1), taps / taps.sum(), strict=True):
        places = (np.arange(size) + offset) % (2 * size)
        np.add.at(matrix, (np.arange(size), np.minimum(places, 2 * size - 1 - places)), tap)
    return matrix
