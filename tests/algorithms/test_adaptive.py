"""ADA's controller: p rises where D overfits, falls where it does not, and stays in [0, 1]."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import ADA
from jaxgan.algorithms._parts.adaptive import adapt, counted, remembered
from jaxgan.core import TrainState

N = 50


def run(ada, logits):
    """p after each of the updates of D whose real logits are these."""
    update = jax.jit(adapt(ada))
    state = TrainState.create({}, remembered(ada))
    found = []
    for scores in logits:
        memory = {**state.memory, **counted(state.memory, jnp.asarray(scores, jnp.float32))}
        state = state.replace(memory=memory)
        state, metrics = update(state, {"image": np.zeros((N, 1))}, jax.random.key(0))
        state = state.replace(step=state.step + 1)
        assert metrics["ada_p"] == state.memory["ada_p"]
        found.append(float(metrics["ada_p"]))
    return found


def test_p_moves_at_every_fourth_update_by_the_images_seen():
    step = N * 4 / 500_000
    found = run(ADA(), [np.ones(N)] * 12)
    np.testing.assert_allclose(found, np.repeat([0, step, 2 * step, 3 * step], [3, 4, 4, 1]), 1e-5)


def test_p_falls_below_the_target_and_stays_at_it():
    half = np.where(np.arange(N) < N // 2, 1.0, -1.0)  # r_t = 0
    fast = ADA(p=0.5, every=2, kimg=1.0)  # a step of 0.1
    np.testing.assert_allclose(run(fast, [half] * 4), [0.5, 0.4, 0.4, 0.3], rtol=1e-5)
    at_it = replace(fast, target=0.0)
    np.testing.assert_allclose(run(at_it, [half] * 4), 0.5)
    # The mean over the interval counts: r_t = (1 - 0.2) / 2 is below 0.6, and above 0.3.
    some = np.where(np.arange(N) < 20, 1.0, -1.0)
    np.testing.assert_allclose(run(fast, [np.ones(N), some]), [0.5, 0.4], rtol=1e-5)
    np.testing.assert_allclose(
        run(replace(fast, target=0.3), [np.ones(N), some]), [0.5, 0.6], rtol=1e-5
    )


@pytest.mark.parametrize(("sign", "end"), [(1.0, 1.0), (-1.0, 0.0)])
def test_p_stays_a_probability(sign, end):
    fast = ADA(p=0.5, every=1, kimg=0.2)  # a step of 0.25
    np.testing.assert_allclose(run(fast, [np.full(N, sign)] * 5)[-3:], end)


def test_without_a_target_p_stays():
    assert run(ADA(p=0.25, target=None, every=1), [np.ones(N)] * 3) == [0.25] * 3
