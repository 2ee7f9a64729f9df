"""The sliced Wasserstein distance between patches, by scale (Karras et al. 2018)."""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.lax import Precision
from jaxtyping import Array, Float, Int, UInt8

from jaxgan.errors import InputError
from jaxgan.metrics.laplacian import laplacian_pyramid
from jaxgan.metrics.reading import check_count
from jaxgan.typing import PRNGKey

_CHUNK = 64
"""Number of images whose pyramids are in memory at once."""

_TOGETHER = 16
"""Number of vectors in one projection."""

Bytes = UInt8[np.ndarray | Array, "_n _height _width _channels"]
Patches = Float[Array, "n p size size2 channels"]


def sliced_wasserstein(
    real: Bytes,
    fake: Bytes,
    seed: int = 0,
    patches: int = 128,
    patch_size: int = 7,
    repeats: int = 4,
    directions: int = 128,
    smallest: int = 16,
) -> dict[int, float]:
    """Distance by side of the scale in pixels: mean |sorted a.v - sorted b.v|, times 1000.

    a and b are patches of one level of the Laplacian pyramids. Each channel of a set is normalized
    to mean 0 and variance 1 over all its patches. v are ``repeats * directions`` random unit
    vectors. The result is at least 0. For two sets with the same distribution it falls with their
    size, so compare only sets of equal size: 16,384 images in the paper. Memory is about four times
    that of ``n * patches`` patches in float32.

    Args:
      real: square images whose side is ``smallest`` times a power of two.
      fake: images of the same shape. If the sets have different sizes, the first images of the
        larger one are used.
      seed: seed of positions and directions.
      patches: number of patches per image and level, at uniformly random positions.
      patch_size: side of a patch.
      repeats: number of times that directions are drawn.
      directions: number of directions drawn at a time.
      smallest: side of the last level.

    Raises:
      InputError: a set has fewer than two images, or images have another shape.

    Reference: Karras et al. 2018, Progressive Growing of GANs, section 5.
    """
    for name, images in (("real", real), ("fake", fake)):
        check_count(name, len(images))
        if images.dtype != np.uint8 or images.ndim != 4:
            raise InputError(
                f"{name}: {images.dtype} of {images.shape}; give uint8 (n, height, width, channels)"
            )
    if real.shape[1:] != fake.shape[1:]:
        raise InputError(
            f"fake: images of {fake.shape[1:]} beside real ones of {real.shape[1:]};"
            " resize one set to the other"
        )
    levels = pyramid_levels(real.shape[1], real.shape[2], patch_size, smallest)
    n, out = min(len(real), len(fake)), {}
    for level in range(levels):
        side = smallest << (levels - 1 - level)
        keys = jax.random.split(jax.random.fold_in(jax.random.key(seed), level), 3)
        room = side - patch_size + 1
        corners = [jax.random.randint(key, (n, patches, 2), 0, room) for key in keys[:2]]
        a, b = (
            normalised(patches_of(images[:n], level, levels, places, patch_size))
            for images, places in zip((real, fake), corners, strict=True)
        )
        drawn = (
            unit_vectors(k, directions, a[0, 0].size) for k in jax.random.split(keys[2], repeats)
        )
        out[side] = 1e3 * float(np.mean([projected_distance(a, b, vectors) for vectors in drawn]))
    return out


def patches_of(
    images: Bytes, level: int, levels: int, corners: Int[Array, "n p 2"], size: int
) -> Patches:
    """Square patches of one level of the pyramid, with the given upper left corners."""
    parts = []
    for start in range(0, len(images), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        parts.append(_cut(jnp.asarray(images[chunk]), level, levels, corners[chunk], size))
    return jnp.concatenate(parts)


@partial(jax.jit, static_argnames=("level", "levels", "size"))
def _cut(images: Array, level: int, levels: int, corners: Array, size: int) -> Patches:
    maps = laplacian_pyramid(images.astype(jnp.float32), levels)[level]

    def cut(image: Array, corner: Array) -> Array:
        start = (corner[0], corner[1], jnp.zeros_like(corner[0]))
        return jax.lax.dynamic_slice(image, start, (size, size, image.shape[2]))

    return jax.vmap(jax.vmap(cut, (None, 0)))(maps, corners)


@jax.jit
def normalised(patches: Patches) -> Patches:
    """Each channel with mean 0 and variance 1 over all patches; a constant channel becomes 0."""

    def mean(x: Patches) -> Float[Array, "1 1 1 1 channels"]:
        # By image first, since a long float32 sum loses digits.
        return x.mean((1, 2, 3), keepdims=True).mean(0, keepdims=True)

    centred = patches - mean(patches)
    std = jnp.sqrt(mean(jnp.square(centred)))
    return centred / jnp.where(std > 0.0, std, 1.0)


def unit_vectors(key: PRNGKey, count: int, size: int) -> Float[Array, "{count} {size}"]:
    """Random unit vectors, uniform over the sphere."""
    vectors = jax.random.normal(key, (count, size))
    return vectors / jnp.linalg.norm(vectors, axis=1, keepdims=True)


def projected_distance(a: Patches, b: Patches, vectors: Float[Array, "v k"]) -> float:
    """The Wasserstein distance of the projected patches, averaged over vectors."""
    parts = [vectors[i : i + _TOGETHER] for i in range(0, len(vectors), _TOGETHER)]
    distances = [_difference(*(_sorted(_projected(x, v)) for x in (a, b))) for v in parts]
    return float(np.concatenate(distances).mean())


@jax.jit
def _projected(patches: Patches, vectors: Float[Array, "v k"]) -> Float[Array, "v m"]:
    flat = patches.reshape(-1, vectors.shape[1])
    return jnp.matmul(vectors, flat.T, precision=Precision.HIGHEST)


def _sorted(x: Float[Array, "v m"]) -> Float[Array | np.ndarray, "v m"]:
    """Sorted rows; NumPy sorts on a CPU, where XLA's sort takes many times as long."""
    return np.sort(np.asarray(x)) if jax.default_backend() == "cpu" else jnp.sort(x)


def _difference(a: Any, b: Any) -> Float[np.ndarray, "v"]:
    """The means of |a - b|, computed in parts first, since a long float32 sum loses digits."""
    count = math.gcd(a.shape[1], _CHUNK)
    return np.asarray(abs(a - b).reshape(len(a), count, -1).mean(2).mean(1))


def pyramid_levels(height: int, width: int, patch_size: int = 7, smallest: int = 16) -> int:
    """The number of levels in an image's pyramid.

    Raises:
      InputError: there is no such pyramid, or its last level is smaller than a patch.
    """
    if not 1 <= patch_size <= smallest:
        raise InputError(
            f"patch_size: {patch_size} is not between 1 and {smallest}, the side of the last level;"
            " use 7, as in the paper"
        )
    levels = (height // smallest).bit_length()
    if height != width or not levels or height != smallest << (levels - 1):
        raise InputError(
            f"real: images of {height}x{width} have no pyramid down to {smallest} pixels; resize"
            f" them to squares of {smallest}, {2 * smallest}, {4 * smallest} ..."
        )
    return levels
