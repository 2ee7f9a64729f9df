"""The sliced Wasserstein distance's pieces against NumPy, and what the whole tells apart."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_laplacian import reference as pyramid

from jaxgan.errors import InputError
from jaxgan.metrics import sliced_wasserstein
from jaxgan.metrics.sliced_wasserstein import (
    normalised,
    patches_of,
    projected_distance,
    unit_vectors,
)

N, SIDE, P, SIZE = 70, 32, 5, 7
SMALL = {"patches": 16, "repeats": 2, "directions": 32}


def images(n=N, seed=0, smooth=1):
    noise = np.random.default_rng(seed).normal(size=(n, SIDE // smooth, SIDE // smooth, 3))
    x = 128 + 40 * noise.repeat(smooth, 1).repeat(smooth, 2)
    return x.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("level", [0, 1])
def test_patches_normalised_and_projected(level):
    side, rng = SIDE >> level, np.random.default_rng(level)
    found, want = [], []
    for x in (images(), images(seed=1, smooth=4)):
        corners = rng.integers(0, side - SIZE + 1, (N, P, 2)).astype(np.int32)
        ours = patches_of(x, level, 2, jnp.asarray(corners), SIZE)
        maps = pyramid(x, 2)[level]
        theirs = np.empty((N, P, SIZE, SIZE, 3))
        for i, j in np.ndindex(N, P):
            y, x0 = corners[i, j]
            theirs[i, j] = maps[i, y : y + SIZE, x0 : x0 + SIZE]
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
        axes = (0, 1, 2, 3)
        want.append((theirs - theirs.mean(axes)) / theirs.std(axes))
        found.append(normalised(ours))
        np.testing.assert_allclose(found[-1], want[-1], atol=1e-5)
    vectors = unit_vectors(jax.random.key(0), 20, SIZE * SIZE * 3)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
    a, b = (np.sort(x.reshape(N * P, -1) @ np.asarray(vectors).T, axis=0) for x in want)
    np.testing.assert_allclose(projected_distance(*found, vectors), abs(a - b).mean(), rtol=1e-5)


def test_a_channel_without_variance_is_0():
    x = normalised(jnp.full((3, 2, SIZE, SIZE, 1), 5.0))
    np.testing.assert_array_equal(x, 0)


def test_the_scale_at_which_sets_differ_and_the_seed():
    same = sliced_wasserstein(images(), images(seed=1), **SMALL)
    assert list(same) == [32, 16]
    assert sliced_wasserstein(images(), images(200, seed=1)[: N + 9], **SMALL) == same
    assert sliced_wasserstein(images(), images(seed=1), seed=1, **SMALL) != same
    # Noise of single pixels and of blocks differ in how each scale's pixels go together.
    other = sliced_wasserstein(images(), images(seed=1, smooth=16), **SMALL)
    assert all(other[side] > 1.5 * same[side] for side in same)


def test_bad_input():
    x = images(4)
    message = r"^real: images of 32x16 have no pyramid down to 16 .* squares of 16, 32, 64"
    with pytest.raises(InputError, match=message):
        sliced_wasserstein(x[:, :, :16], x[:, :, :16])
    for side in (8, 24):
        with pytest.raises(InputError, match=rf"^real: images of {side}x{side} have no pyramid"):
            sliced_wasserstein(x[:, :side, :side], x[:, :side, :side])
    with pytest.raises(InputError, match=r"^fake: images of \(16, 16, 3\) beside real ones"):
        sliced_wasserstein(x, x[:, :16, :16])
    with pytest.raises(InputError, match=r"^patch_size: 7 is not between 1 and 4"):
        sliced_wasserstein(x, x, smallest=4)
    with pytest.raises(InputError, match=r"^fake: a set of 1 is too small; give at least 2"):
        sliced_wasserstein(x, x[:1])
