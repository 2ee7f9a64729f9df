"""The pool beside the reference's, which is a Python list."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from core_helpers import on_devices

from benchmarks.peers.pool import Pool
from jaxgan.core import Aux, Player, TrainState, chain, create_pool, minimize, on_pooled, query
from jaxgan.core.sharding import AXIS


def images(n, seed):
    return np.random.default_rng(seed).uniform(-1, 1, (n, 2, 3, 1)).astype(np.float32)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("capacity", [1, 4, 7])
def test_same_coins_same_images_as_the_reference(batch, capacity):
    rng = np.random.default_rng(0)
    reference, stored, count = Pool(capacity), jnp.zeros((capacity, 2, 3, 1)), 0
    for step in range(12):
        new = images(batch, step)
        coins, slots = rng.random(batch) > 0.5, rng.integers(0, capacity, batch)
        want = np.stack(reference.query(list(new), coins, slots))
        stored, out = jax.jit(query)(stored, jnp.asarray(count), new, coins, slots)
        count = min(count + batch, capacity)
        np.testing.assert_array_equal(out, want)
        np.testing.assert_array_equal(stored[:count], np.stack(reference.images))


def pooled_step(capacity):
    """A step that hands on fakes of two names, and reports the rows that come out of the pools."""

    def make(state, batch, key):
        return state.replace(rows={"fake_a": batch["a"], "fake_b": -batch["a"]}), {}

    def look(state, batch, key):
        return state, dict(state.rows)

    names = ("fake_a",)
    memory = {"pool": create_pool(names, capacity, (2, 3, 1))} if capacity else {}
    return chain(make, on_pooled(look)), TrainState.create({}, memory)


def test_half_of_the_images_are_older_once_the_pool_is_full():
    step, state = pooled_step(50)
    step = jax.jit(step)
    old = 0
    for i in range(200):
        batch = {"a": jnp.full((4, 2, 3, 1), 4.0 * i) + jnp.arange(4.0).reshape(4, 1, 1, 1)}
        state, out = step(state, batch, jax.random.key(i))
        assert int(state.memory["pool"]["count"]) == min(4 * (i + 1), 50)
        np.testing.assert_array_equal(out["fake_b"], -batch["a"])  # it has no pool
        if i >= 20:
            old += int((out["fake_a"][:, 0, 0, 0] < 4.0 * i).sum())
    assert state.rows == {}
    assert 0.42 < old / (180 * 4) < 0.56  # a half; a slot of the same batch gives one of its own
    assert len(np.unique(state.memory["pool"]["fake_a"][:, 0, 0, 0])) == 50


def test_without_a_pool_the_rows_are_passed_on():
    step, state = pooled_step(0)
    new = images(3, 0)
    state, out = step(state, {"a": jnp.asarray(new)}, jax.random.key(0))
    np.testing.assert_array_equal(out["fake_a"], new)
    assert state.memory == {}


def test_the_update_after_a_pool_sees_its_rows_in_the_batch():
    def loss(given, batch, key):
        return given.variables["d"]["params"] * batch["fake_a"].sum(), Aux()

    tx = optax.sgd(1.0)
    pool = create_pool(("fake_a",), 2, (2, 3, 1))
    players = {"d": Player.create({"params": jnp.asarray(1.0)}, tx)}
    state = TrainState.create(players, {"pool": pool}).replace(
        rows={"fake_a": jnp.asarray(images(2, 0))}
    )
    state, metrics = on_pooled(minimize("d", loss, tx))(state, {}, jax.random.key(0))
    np.testing.assert_allclose(metrics["d_loss"], images(2, 0).sum(), rtol=1e-5)
    np.testing.assert_array_equal(state.memory["pool"]["fake_a"], images(2, 0))


def test_the_pools_of_all_devices_hold_the_whole_batch():
    def step(state, batch, key):
        state, out = pooled_step(3)[0](state, batch, key)
        gathered = jax.lax.all_gather(out["fake_a"], AXIS, tiled=True)
        return state, {"fake_a": gathered}

    plain, state = pooled_step(3)
    shared = state
    for i in range(3):
        batch = {"a": jnp.asarray(images(4, i))}
        state, expected = jax.jit(plain)(state, batch, jax.random.key(i))
        shared, out = on_devices(step)(shared, batch, jax.random.key(i))
        np.testing.assert_array_equal(out["fake_a"], expected["fake_a"])
        jax.tree.map(np.testing.assert_array_equal, shared.memory, state.memory)
