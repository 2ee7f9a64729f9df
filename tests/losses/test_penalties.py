"""Penalties against finite differences of a critic written in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxgan.losses import penalties

SHAPE = (3, 2, 2, 1)
RNG = np.random.default_rng(0)
W = RNG.standard_normal((4, 5))
REAL, FAKE = RNG.standard_normal(SHAPE), RNG.standard_normal(SHAPE)
pytestmark = pytest.mark.usefixtures("float64")


def numpy_critic(x):
    return np.tanh(x.reshape(-1, 4) @ W).sum(1)


def critic(x, w=W):
    return jnp.tanh(x.reshape(-1, 4) @ jnp.asarray(w)).sum(1)


def numpy_gradient(x, step=1e-6):
    """Central differences, one image and pixel at a time."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        gradient[index] = (numpy_critic(up) - numpy_critic(down))[index[0]] / (2 * step)
    return gradient


@pytest.mark.parametrize("target", [1.0, 0.0])
def test_gradient_penalty(target):
    key = jax.random.key(3)
    alpha = np.asarray(jax.random.uniform(key, (3, 1, 1, 1), jnp.float64))
    x_hat = alpha * REAL + (1 - alpha) * FAKE
    norm = np.sqrt((numpy_gradient(x_hat) ** 2).sum((1, 2, 3)))
    ours = penalties.gradient_penalty(critic, jnp.asarray(REAL), jnp.asarray(FAKE), key, target)
    np.testing.assert_allclose(ours, np.mean((norm - target) ** 2), rtol=1e-6)


def test_r1_and_r2():
    r1 = (numpy_gradient(REAL) ** 2).sum((1, 2, 3)).mean()
    r2 = (numpy_gradient(FAKE) ** 2).sum((1, 2, 3)).mean()
    np.testing.assert_allclose(penalties.r1(critic, jnp.asarray(REAL)), r1, rtol=1e-6)
    np.testing.assert_allclose(penalties.r2(critic, jnp.asarray(FAKE)), r2, rtol=1e-6)


def test_a_patch_critic_is_penalised_by_the_sum_of_its_scores():
    def patches(x):
        return jnp.stack([critic(x), 2.0 * critic(x)], 1).reshape(-1, 1, 2)

    whole = penalties.r1(critic, jnp.asarray(REAL))
    np.testing.assert_allclose(penalties.r1(patches, jnp.asarray(REAL)), 9 * whole, rtol=1e-9)


def test_drift():
    logits = RNG.standard_normal(7)
    np.testing.assert_allclose(penalties.drift(jnp.asarray(logits)), np.mean(logits**2))


def test_second_order_gradient_of_the_gradient_penalty():
    def penalty(w):
        return penalties.gradient_penalty(
            lambda x: critic(x, w), jnp.asarray(REAL), jnp.asarray(FAKE), jax.random.key(1)
        )

    check_grads(penalty, (jnp.asarray(W),), order=2, modes=["rev"], rtol=1e-4)


def test_trap_8_the_penalty_of_a_flat_critic_has_a_finite_gradient():
    def penalty(w):
        return penalties.gradient_penalty(
            lambda x: critic(x, w), jnp.asarray(REAL), jnp.asarray(FAKE), jax.random.key(1)
        )

    value, gradient = jax.value_and_grad(penalty)(jnp.zeros_like(W))
    np.testing.assert_allclose(value, 1.0, rtol=1e-5)
    assert np.isfinite(np.asarray(gradient)).all()


def test_clip_params():
    clipped = penalties.clip_params({"a": jnp.asarray([-1.0, 0.005, 1.0])}, 0.01)
    np.testing.assert_allclose(clipped["a"], [-0.01, 0.005, 0.01])
