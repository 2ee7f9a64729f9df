"""Path lengths where they are known, and paths against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.metrics import lerp, perceptual_path_length, slerp

SIZE, N = 6, 250
MATRIX = np.random.default_rng(0).normal(size=(SIZE, 4 * 4 * 3)).astype(np.float32)


def sample(key, n):
    return jax.random.normal(key, (n, SIZE))


def on_sphere(key, n):
    x = sample(key, n)
    return x / jnp.linalg.norm(x, axis=-1, keepdims=True)


@jax.jit
def linear(latents):
    return (latents @ MATRIX).reshape(-1, 4, 4, 3)


def isometry(latents):
    return jnp.pad(latents, ((0, 0), (0, 48 - SIZE))).reshape(-1, 4, 4, 3)


@jax.jit
def squared(a, b):
    return jnp.square(a - b).sum((1, 2, 3))


def kept_mean(lengths):
    """Without what lies below the 1st and above the 99th percentile."""
    ordered = np.sort(lengths)
    low, high = np.floor(0.01 * (len(ordered) - 1)), np.ceil(0.99 * (len(ordered) - 1))
    return ordered[int(low) : int(high) + 1].mean()


def test_in_w_a_linear_generators_paths_are_its_images_distances():
    key = jax.random.key(0)
    found = perceptual_path_length(linear, squared, sample, key, N, "w")
    keys = jax.random.split(key, 3)
    a, b = (np.asarray(sample(k, N), np.float64) for k in keys[:2])
    lengths = np.square((b - a) @ MATRIX).sum(1)
    np.testing.assert_allclose(found, kept_mean(lengths), rtol=2e-3)


def test_in_z_paths_on_a_sphere_have_the_squared_angle():
    key = jax.random.key(1)
    found = perceptual_path_length(isometry, squared, on_sphere, key, N, "z", batch_size=64)
    a, b = (np.asarray(on_sphere(k, N), np.float64) for k in jax.random.split(key, 3)[:2])
    angles = np.arccos((a * b).sum(1))
    np.testing.assert_allclose(found, kept_mean(angles**2), rtol=2e-3)


def test_the_batch_size_has_no_part_in_it():
    found = [
        perceptual_path_length(linear, squared, sample, jax.random.key(2), 70, "z", size)
        for size in (70, 32, 100)
    ]
    np.testing.assert_allclose(found, found[0], rtol=1e-3)
    other = perceptual_path_length(linear, squared, sample, jax.random.key(3), 70, "z", 70)
    assert abs(other / found[0] - 1) > 1e-2


def test_slerp():
    rng = np.random.default_rng(1)
    a, b, t = rng.normal(size=(9, SIZE)), rng.normal(size=(9, SIZE)), rng.random((9, 1))
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b)]
    angle = np.arccos((unit[0] * unit[1]).sum(1, keepdims=True))
    want = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    a, b, t = (jnp.asarray(x, jnp.float32) for x in (a, b, t[:, 0]))
    np.testing.assert_allclose(slerp(a, b, t), want, atol=1e-5)
    np.testing.assert_allclose(slerp(a, b, 0 * t), a, atol=1e-6)
    np.testing.assert_allclose(slerp(a, 2 * a, t), a * (1 + t[:, None]), rtol=1e-5)
    assert np.isfinite(slerp(a, -a, t)).all()
    several = slerp(jnp.stack([a, b], 1), jnp.stack([b, a], 1), t)
    np.testing.assert_allclose(several[:, 0], want, atol=1e-5)


def test_lerp():
    a, b = jnp.asarray([[1.0, 2.0]]), jnp.asarray([[3.0, -2.0]])
    np.testing.assert_allclose(lerp(a, b, jnp.asarray([0.25])), [[1.5, 1.0]])


def test_bad_input():
    key = jax.random.key(0)
    with pytest.raises(InputError, match="space: 'v' is no space; use z or w"):
        perceptual_path_length.__wrapped__(linear, squared, sample, key, 4, "v")
    with pytest.raises(InputError, match="n: a set of 1 is too small; give at least 2"):
        perceptual_path_length(linear, squared, sample, key, 1)
    with pytest.raises(InputError, match=r"distance: gave \(\) for 4 pairs; return one number"):
        perceptual_path_length(linear, lambda a, b: jnp.zeros(()), sample, key, 4, batch_size=4)
    with pytest.raises(InputError, match="distance: gave NaN or infinity"):
        perceptual_path_length(linear, lambda a, b: squared(a, b) * jnp.nan, sample, key, 4)
