"""The pool beside the reference's, which is a Python list."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.peers.pool import Pool
from jaxgan.core import Aux, Player, TrainState, create_pool, minimize, on_pooled, query


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


def pooled_step(capacity, seen):
    """A step that makes a batch of fakes and hands what comes out of the pool to ``seen``."""

    def make(state, batch, key):
        return state.replace(memory={**state.memory, "fakes": {"a": batch["a"]}}), {}

    def look(state, batch, key):
        return state, {"fakes": batch["fake_a"], "kept": seen(state)}

    def step(state, batch, key):
        state, _ = make(state, batch, key)
        return on_pooled(look)(state, batch, key)

    memory = {"pool": create_pool(("a",), capacity, (2, 3, 1))} if capacity else {}
    return step, TrainState.create({}, memory)


def test_half_of_the_images_are_older_once_the_pool_is_full():
    step, state = pooled_step(50, lambda state: state.memory["pool"]["count"])
    step = jax.jit(step)
    old = 0
    for i in range(200):
        batch = {"a": jnp.full((4, 2, 3, 1), 4.0 * i) + jnp.arange(4.0).reshape(4, 1, 1, 1)}
        state, out = step(state, batch, jax.random.key(i))
        assert int(out["kept"]) == min(4 * (i + 1), 50)
        assert "fakes" not in state.memory
        if i >= 20:
            old += int((out["fakes"][:, 0, 0, 0] < 4.0 * i).sum())
    assert 0.42 < old / (180 * 4) < 0.56  # a half; a slot of the same batch gives one of its own
    assert len(np.unique(state.memory["pool"]["a"][:, 0, 0, 0])) == 50


def test_without_a_pool_the_fakes_are_passed_on():
    step, state = pooled_step(0, lambda state: 0)
    new = images(3, 0)
    state, out = step(state, {"a": jnp.asarray(new)}, jax.random.key(0))
    np.testing.assert_array_equal(out["fakes"], new)
    assert state.memory == {}


def test_accumulated_parts_are_the_whole_batch():
    import optax

    tx = optax.sgd(1.0)

    def loss(variables, batch, key, memory):
        error = batch["x"] @ variables["net"]["params"] - batch["y"]
        return (error**2).mean(), Aux({"first": error.mean()}, memory={"errors": error})

    rng = np.random.default_rng(0)
    batch = {"x": rng.normal(size=(12, 3)), "y": rng.normal(size=12)}
    params = rng.normal(size=3)
    results = []
    for parts in (1, 3):
        state = TrainState.create({"net": Player.create({"params": jnp.asarray(params)}, tx)})
        update = minimize("net", loss, tx, accumulate=parts)
        state, metrics = update(state, jax.tree.map(jnp.asarray, batch), jax.random.key(0))
        results.append((state.players["net"].variables, state.memory, metrics))
    want = 2 * batch["x"].T @ (batch["x"] @ params - batch["y"]) / 12
    np.testing.assert_allclose(params - results[1][0]["params"], want, rtol=1e-4)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), *results)
