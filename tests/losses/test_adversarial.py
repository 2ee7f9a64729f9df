"""Every objective against the formula of its paper in NumPy float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from jaxgan.losses import adversarial, noisy_targets

REAL = np.random.default_rng(0).normal(1.0, 2.0, (5,))
FAKE = np.random.default_rng(1).normal(-1.0, 2.0, (5,))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cross_entropy(r, f):
    return -np.mean(np.log(sigmoid(r))) - np.mean(np.log(1 - sigmoid(f)))


PAPERS = {
    "minimax": (cross_entropy, lambda f, r: np.mean(np.log(1 - sigmoid(f)))),
    "nonsaturating": (cross_entropy, lambda f, r: -np.mean(np.log(sigmoid(f)))),
    "least_squares": (
        lambda r, f: np.mean((r - 1) ** 2) / 2 + np.mean(f**2) / 2,
        lambda f, r: np.mean((f - 1) ** 2) / 2,
    ),
    "wasserstein": (lambda r, f: np.mean(f) - np.mean(r), lambda f, r: -np.mean(f)),
    "hinge": (
        lambda r, f: np.mean(np.maximum(0, 1 - r)) + np.mean(np.maximum(0, 1 + f)),
        lambda f, r: -np.mean(f),
    ),
    "relativistic": (
        lambda r, f: np.mean(np.log(1 + np.exp(-(r - f)))),
        lambda f, r: np.mean(np.log(1 + np.exp(-(f - r)))),
    ),
}


@pytest.mark.parametrize("name", PAPERS)
@pytest.mark.parametrize("shape", [(5,), (5, 1, 1)])
def test_objective_equals_its_paper(name, shape):
    objective, (discriminator, generator) = adversarial.get(name), PAPERS[name]
    real = jnp.asarray(REAL.reshape(shape), jnp.float32)
    fake = jnp.asarray(FAKE.reshape(shape), jnp.float32)
    np.testing.assert_allclose(
        objective.discriminator(real, fake), discriminator(REAL, FAKE), rtol=1e-5
    )
    np.testing.assert_allclose(objective.generator(fake, real), generator(FAKE, REAL), rtol=1e-5)


@pytest.mark.parametrize("name", PAPERS)
def test_objective_is_finite_at_extreme_logits(name):
    objective = adversarial.get(name)
    real, fake = jnp.asarray([100.0, -100.0]), jnp.asarray([-100.0, 100.0])
    for loss, args in (
        (objective.discriminator, (real, fake)),
        (objective.generator, (fake, real)),
    ):
        value, grads = jax.value_and_grad(loss, argnums=(0, 1))(*args)
        assert np.isfinite(value)
        assert np.isfinite(np.asarray(grads)).all()


RATES = {
    "minimax": lambda r, f: r > 0,
    "nonsaturating": lambda r, f: r > 0,
    "least_squares": lambda r, f: r > 0.5,
    "wasserstein": lambda r, f: r > f,
    "hinge": lambda r, f: r > 0,
    "relativistic": lambda r, f: r > f,
}


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("shape", [(60,), (15, 2, 2)])
def test_the_rate_is_the_share_of_reals_or_patches_called_real(name, shape):
    rng = np.random.default_rng(2)
    real, fake = (rng.normal(0.5, 1.0, shape).astype(np.float32) for _ in range(2))
    rate = adversarial.real_rate(adversarial.get(name), jnp.asarray(real), jnp.asarray(fake))
    np.testing.assert_allclose(rate, np.mean(RATES[name](real, fake)), rtol=1e-6)
    sign = np.sign(real - {"least_squares": 0.5}.get(name, fake if RATES[name](1, 2) == 0 else 0))
    np.testing.assert_allclose(2 * rate - 1, sign.mean(), atol=1e-6)  # ADA's r_t


@pytest.mark.parametrize("name", PAPERS)
def test_an_objective_says_what_its_losses_need(name):
    objective = adversarial.get(name)
    real, fake = jnp.asarray(REAL, jnp.float32), jnp.asarray(FAKE, jnp.float32)
    if objective.pairs:
        with pytest.raises(ValueError, match="real_logits"):
            objective.generator(fake)
    else:
        np.testing.assert_allclose(objective.generator(fake), objective.generator(fake, real))
    if objective.targets:
        np.testing.assert_allclose(
            objective.discriminator(real, fake, 1.0, 0.0), objective.discriminator(real, fake)
        )
    else:
        with pytest.raises((TypeError, TypeCheckError)):
            objective.discriminator(real, fake, 1.0, 0.0)


def test_scale_and_lipschitz_by_name():
    scales = {name: adversarial.get(name).scale for name in PAPERS}
    assert scales == dict.fromkeys(PAPERS, 1.0) | {"least_squares": 0.5}
    assert [name for name in PAPERS if adversarial.get(name).lipschitz] == ["wasserstein"]


def test_a_discriminator_that_cannot_tell_has_a_rate_of_one_half():
    same = jnp.full((4,), 3.0)
    assert adversarial.real_rate(adversarial.wasserstein, same, same) == 0.5
    assert adversarial.real_rate(adversarial.hinge, 0 * same, same) == 0.5
    with pytest.raises((ValueError, TypeCheckError)):  # the annotations say it too
        adversarial.real_rate(adversarial.relativistic, same, same[:2])


def test_relativistic_refuses_shapes_that_would_broadcast_to_all_pairs():
    with pytest.raises((ValueError, TypeCheckError)):  # the annotations say it too
        adversarial.relativistic.discriminator(jnp.zeros((4, 1)), jnp.zeros(4))


def test_targets_smooth_one_side():
    real_targets, fake_targets = noisy_targets(jax.random.key(0), (4,), real_label=0.9)
    np.testing.assert_allclose(real_targets, 0.9)
    np.testing.assert_allclose(fake_targets, 0.0)
    loss = adversarial.nonsaturating.discriminator(
        jnp.asarray(REAL, jnp.float32), jnp.asarray(FAKE, jnp.float32), 0.9, 0.0
    )
    p, q = sigmoid(REAL), sigmoid(FAKE)
    smooth = -np.mean(0.9 * np.log(p) + 0.1 * np.log(1 - p)) - np.mean(np.log(1 - q))
    np.testing.assert_allclose(loss, smooth, rtol=1e-5)


def test_targets_flip_with_the_given_probability():
    real, fake = noisy_targets(jax.random.key(0), (20_000,), real_label=0.9, flip=0.05)
    assert set(np.unique(np.asarray(real))) == {np.float32(0), np.float32(0.9)}
    np.testing.assert_allclose(np.mean(np.asarray(real) == 0), 0.05, atol=0.006)
    np.testing.assert_allclose(np.mean(np.asarray(fake) > 0), 0.05, atol=0.006)
