"""Losses of masks against NumPy's formulas in float64, and at logits that overflow these."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from jaxgan.losses.segmentation import (
    cross_entropy,
    focal,
    log_probabilities,
    soft_dice,
    weighted_sum,
)

RNG = np.random.default_rng(0)


def example(outputs):
    """Logits, a mask without the class 2 of three, and probabilities in float64."""
    logits = RNG.normal(0, 3, (2, 5, 7, outputs)).astype(np.float32)
    mask = RNG.integers(0, 2, (2, 5, 7)).astype(np.uint8)
    if outputs == 1:
        p = special.expit(logits.astype(np.float64))
        p = np.concatenate([1 - p, p], -1)
    else:
        p = special.softmax(logits.astype(np.float64), -1)
    return jnp.asarray(logits), jnp.asarray(mask), p


def of_true(p, mask):
    return np.take_along_axis(p, mask[..., None].astype(int), -1)[..., 0]


@pytest.mark.parametrize("outputs", [1, 3])
def test_each_loss_is_its_formula(outputs):
    logits, mask, p = example(outputs)
    true = np.asarray(mask)
    t = of_true(p, true)
    classes = range(p.shape[-1])
    np.testing.assert_allclose(np.exp(log_probabilities(logits)), p, rtol=1e-5)
    np.testing.assert_allclose(cross_entropy(logits, mask), -np.log(t).mean(), rtol=1e-5)
    for gamma in (0.0, 0.5, 2.0):
        want = -((1 - t) ** gamma * np.log(t)).mean()
        np.testing.assert_allclose(focal(logits, mask, gamma), want, rtol=1e-4)
    overlaps = [
        (2 * (p[..., c] * (true == c)).mean() + 0.1) / ((p[..., c] + (true == c)).mean() + 0.1)
        for c in classes
    ]
    np.testing.assert_allclose(soft_dice(logits, mask, 0.1), 1 - np.mean(overlaps), rtol=1e-5)


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_sum_has_its_terms_and_leaves_out_those_of_weight_0(outputs):
    logits, mask, _ = example(outputs)
    total, terms = weighted_sum(logits, mask, 0.5, 2.0, 3.0, gamma=1.0)
    want = 0.5 * cross_entropy(logits, mask) + 2 * soft_dice(logits, mask)
    np.testing.assert_allclose(total, want + 3 * focal(logits, mask, 1.0), rtol=1e-6)
    assert terms.keys() == {"cross_entropy", "soft_dice", "focal"}
    total, terms = weighted_sum(logits, mask, 0.0, 1.0, 0.0)
    assert terms.keys() == {"soft_dice"}
    np.testing.assert_allclose(total, soft_dice(logits, mask))


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("size", [0.0, 200.0, 1e30])
def test_huge_logits_give_finite_losses_and_gradients(outputs, size):
    logits = jnp.asarray(size * RNG.choice([-1.0, 1.0], (1, 4, 4, outputs)), jnp.float32)
    mask = jnp.asarray(RNG.integers(0, 2, (1, 4, 4)), jnp.uint8)
    for gamma in (0.5, 2.0):
        step = jax.value_and_grad(lambda x, g=gamma: weighted_sum(x, mask, 1.0, 1.0, 1.0, g)[0])
        value, gradient = jax.jit(step)(logits)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()


def test_a_perfect_prediction_costs_nothing_and_dice_sees_a_rare_class():
    mask = np.zeros((1, 32, 32), np.uint8)
    mask[0, 3, 4] = 1
    mask = jnp.asarray(mask)
    right = jnp.asarray(np.where(mask, 30.0, -30.0)[..., None], jnp.float32)
    constant = jnp.full_like(right, -30.0)
    total, _ = weighted_sum(right, mask, 1.0, 1.0, 1.0)
    assert float(total) < 1e-6
    assert float(cross_entropy(constant, mask)) < 0.03
    assert float(soft_dice(constant, mask)) > 0.45
