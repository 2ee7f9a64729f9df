"""Several members in one program, against each of them alone."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from core_helpers import method, squared

from jaxgan.core import (
    Player,
    TrainState,
    advance,
    chain,
    ema,
    every,
    minimize,
    scan_batches,
    several,
)
from jaxgan.core.merged import DifferenceError
from jaxgan.core.population import Population, member_of, stacked

KEYS = jnp.stack([jax.random.key(seed) for seed in (5, 6, 7)])
BATCHES = {"x": jnp.arange(12.0).reshape(3, 2, 2)}


def noisy(name):
    def loss(given, batch, key):
        value, aux = squared(name)(given, batch, key)
        w = given.variables[name]["params"]["w"]
        return value + w * jax.random.normal(key), aux

    return loss


def algorithm(lr=0.1, decay=0.9):
    """Two updates on two batches each, a rare one and an average, with noise everywhere."""
    tx = optax.adam(lr)

    def init(key, batch):
        value = jax.random.normal(key) + batch["x"].mean()
        player = Player.create({"params": {"w": value}}, tx, average=True)
        return TrainState.create({"a": player}, {"total": jnp.zeros(3)})

    rare = minimize("a", squared("a"), tx, label="rare")
    step = chain(
        scan_batches(2, minimize("a", noisy("a"), tx)),
        every(2, lambda state, batch, key: rare(state, {"x": batch["x"][0]}, key)),
        ema("a", decay),
    )
    return method(step, init)


def alone(own, key, batch, steps=3):
    """The states after each step and the metrics of one member."""
    state, step = jax.jit(own.init)(key, batch), jax.jit(advance(own))
    metrics = []
    for _ in range(steps):
        state, values = step(state, batch, key)
        metrics.append(values)
    return state, stacked(metrics)


def assert_close(found, expected):
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), found, expected
    )


def test_each_seed_is_the_single_run_of_that_seed():
    own = algorithm()
    population = Population(3, [own])
    state, step = jax.jit(population.init)(KEYS, BATCHES), jax.jit(population.step())
    assert state.step.shape == ()
    assert state.memory["total"].shape == (3, 3)
    rows = []
    for _ in range(3):
        state, metrics = step(state, BATCHES, KEYS)
        rows.append(metrics)
    for i in range(3):
        batch = jax.tree.map(lambda leaf, i=i: leaf[i], BATCHES)
        expected, metrics = alone(own, KEYS[i], batch)
        assert_close(member_of(state, i), expected)
        assert_close(jax.tree.map(lambda leaf, i=i: leaf[:, i], stacked(rows)), metrics)


def test_each_value_of_a_number_is_the_single_run_with_it():
    members = [algorithm(lr, decay) for lr, decay in ((0.1, 0.5), (0.01, 0.9), (0.3, 0.99))]
    population = Population(3, members, one_order=True)
    keys, batch = KEYS[jnp.zeros(3, int)], jax.tree.map(lambda leaf: leaf[0], BATCHES)
    state = jax.jit(population.init)(keys, batch)
    step = jax.jit(population.step(feed_axes=population.batch_axis))
    for _ in range(3):
        state, _ = step(state, batch, keys)
    for i, own in enumerate(members):
        assert_close(member_of(state, i), alone(own, KEYS[0], batch)[0])
    finals = np.asarray(state.players["a"].variables["params"]["w"])
    assert np.abs(np.diff(finals)).min() > 1e-3  # the numbers matter


def test_several_steps_in_one_call_have_the_axis_of_the_steps_first():
    own = algorithm()
    population = Population(3, [own])
    state = jax.jit(population.init)(KEYS, BATCHES)
    feed = jax.tree.map(lambda leaf: jnp.stack([leaf] * 4, 1), BATCHES)
    call = population.step(lambda a: several(advance(a), 4), 4)
    together, metrics = jax.jit(call)(state, feed, KEYS)
    assert metrics["a_loss"].shape == (4, 3)
    assert int(together.step) == 4
    step = jax.jit(population.step())
    for _ in range(4):
        state, _ = step(state, BATCHES, KEYS)
    assert_close(together, state)


def test_a_rare_update_stays_a_branch():
    """As the step is one number for all members, no member computes what it throws away."""
    population = Population(3, [algorithm()])
    state = jax.eval_shape(population.init, KEYS, BATCHES)
    assert "cond[" in str(jax.make_jaxpr(population.step())(state, BATCHES, KEYS))


def test_other_shapes_are_no_sweep():
    def wide(n):
        def init(key, batch):
            return TrainState.create({}, {"total": jnp.zeros(n)})

        return method(None, init)

    population = Population(2, [wide(2), wide(3)], one_order=True)
    with pytest.raises(DifferenceError):
        jax.eval_shape(population.init, KEYS[:2], BATCHES)
