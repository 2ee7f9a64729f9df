"""Pyramids against SciPy's convolution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from jaxgan.metrics.laplacian import laplacian_pyramid

jitted = jax.jit(laplacian_pyramid, static_argnums=1)
BINOMIAL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])[None, :, :, None] / 256


def reference(images, levels):
    pyramid, images = [], images.astype(np.float64)
    for _ in range(levels - 1):
        smaller = ndimage.convolve(images, BINOMIAL, mode="mirror")[:, ::2, ::2]
        sparse = np.zeros_like(images)
        sparse[:, ::2, ::2] = smaller
        pyramid.append(images - ndimage.convolve(sparse, 4 * BINOMIAL, mode="mirror"))
        images = smaller
    return [*pyramid, images]


@pytest.mark.parametrize("levels", [1, 3])
def test_scipy(levels):
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 24, 3)).astype(np.float32)
    found, want = jitted(images, levels), reference(images, levels)
    assert len(found) == levels
    for ours, theirs in zip(found, want, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_what_is_even_is_all_in_the_last_level():
    *differences, last = jitted(jnp.full((1, 16, 16, 1), 7.0), 3)
    for level in differences:
        np.testing.assert_array_equal(level, 0)
    np.testing.assert_array_equal(last, np.full((1, 4, 4, 1), 7.0))
