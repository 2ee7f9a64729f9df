"""How updates compose: chains, scans over batches, lazy updates, averages, rows."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from core_helpers import KEY, SGD, batch_of, method, product, squared, state_of, weight

from jaxgan.core import (
    Aux,
    Player,
    TrainState,
    advance,
    chain,
    ema,
    every,
    minimize,
    on_first,
    on_last,
    scan_batches,
)

STEP = minimize("a", squared("a"), SGD)


def test_chain_hands_the_state_on_in_order():
    step = chain(STEP, minimize("b", product, SGD))
    state, metrics = step(state_of(a=1.0, b=1.0), batch_of(2.0), KEY)
    np.testing.assert_allclose(weight(state, "b"), 1.0 - 0.1 * 1.1, rtol=1e-6)
    assert {"a_loss", "b_loss"} <= metrics.keys()


def test_chain_gives_each_update_its_own_key():
    seen = []

    def spy(state, batch, key):
        seen.append(jax.random.key_data(key))
        return state, {}

    chain(spy, spy)(state_of(a=1.0), batch_of(0.0), KEY)
    assert not np.array_equal(seen[0], seen[1])


def test_trap_1_one_metric_name_twice_is_refused_and_a_label_mends_it():
    with pytest.raises(ValueError, match=r"a_grad_norm.*label"):
        chain(STEP, STEP)(state_of(a=1.0), batch_of(2.0), KEY)
    mended = chain(STEP, minimize("a", squared("a"), SGD, "again"))
    _, metrics = mended(state_of(a=1.0), batch_of(2.0), KEY)
    assert {"a_loss", "again_loss"} <= metrics.keys()


# Rows.


def gives(name, scale):
    """A loss that hands on rows made of the batch."""

    def loss(given, batch, key):
        rows = {name: scale * batch["x"]}
        return given.variables["a"]["params"]["w"], Aux(rows=rows)

    return loss


def takes(given, batch, key):
    return given.variables["b"]["params"]["w"] * batch["fake"].mean(), Aux()


def test_rows_are_part_of_later_batches_and_end_with_the_chain():
    step = chain(minimize("a", gives("fake", 3.0), SGD), minimize("b", takes, SGD))
    batch = batch_of(1.0, 3.0)
    state, metrics = step(state_of(a=1.0, b=1.0), batch, KEY)
    np.testing.assert_allclose(metrics["b_loss"], 6.0)
    assert state.rows == {}
    assert batch.keys() == {"x"}
    with pytest.raises(KeyError, match="fake"):
        chain(step, minimize("b", takes, SGD, "late"))(state_of(a=1.0, b=1.0), batch, KEY)


def test_rows_are_split_with_the_batch_that_is_accumulated():
    def paired(given, batch, key):
        # Rows stand beside their examples in every part.
        off = jnp.abs(batch["fake"] - 3.0 * batch["x"]).max()
        return given.variables["b"]["params"]["w"] * batch["fake"].mean(), Aux({"off": off})

    step = chain(
        minimize("a", gives("fake", 3.0), SGD, accumulate=2),
        minimize("b", paired, SGD, accumulate=3),
    )
    batch = {"x": jnp.arange(6.0)}
    _, metrics = step(state_of(a=1.0, b=1.0), batch, KEY)
    np.testing.assert_allclose([metrics["b_loss"], metrics["off"]], [7.5, 0.0])


def test_two_updates_that_hand_on_one_name_are_refused():
    twice = chain(
        minimize("a", gives("fake", 1.0), SGD), minimize("a", gives("fake", 2.0), SGD, "again")
    )
    with pytest.raises(ValueError, match="rows named 'fake'"):
        twice(state_of(a=1.0), batch_of(1.0), KEY)


@pytest.mark.parametrize("around", [lambda u: scan_batches(2, u), lambda u: every(1, u)])
def test_rows_do_not_leave_a_scan_or_a_lazy_update(around):
    step = around(minimize("a", gives("fake", 1.0), SGD))
    state, _ = step(state_of(a=1.0), {"x": jnp.ones((2, 3))}, KEY)
    assert state.rows == {}


# Scans over batches.


def test_trap_5_scan_batches_uses_each_fresh_batch_in_order():
    rows = np.asarray([[1.0, 3.0], [5.0, 7.0], [0.0, 2.0]], np.float32)
    state, metrics = scan_batches(3, STEP)(state_of(a=0.5), {"x": jnp.asarray(rows)}, KEY)
    w, losses = 0.5, []
    for row in rows:
        losses.append(0.5 * np.mean((w - row) ** 2))
        w -= 0.1 * (w - row.mean())
    np.testing.assert_allclose(weight(state), w, rtol=1e-6)
    np.testing.assert_allclose(metrics["a_loss"], np.mean(losses), rtol=1e-6)


def test_trap_5_on_last_sees_the_last_batch():
    rows = jnp.asarray([[1.0], [5.0]])
    state, _ = on_last(2, STEP)(state_of(a=0.0), {"x": rows}, KEY)
    np.testing.assert_allclose(weight(state), 0.5, rtol=1e-6)


def test_on_first_sees_the_first_batches():
    rows = jnp.asarray([[1.0], [2.0], [5.0]])
    state, _ = on_first(1, 3, STEP)(state_of(a=0.0), {"x": rows}, KEY)
    np.testing.assert_allclose(weight(state), 0.1, rtol=1e-6)
    state, _ = on_first(2, 3, scan_batches(2, STEP))(state_of(a=0.0), {"x": rows}, KEY)
    np.testing.assert_allclose(weight(state), 0.1 + 0.1 * (2.0 - 0.1), rtol=1e-6)
    assert on_first(3, 3, STEP) is STEP
    with pytest.raises(ValueError, match="on_first: the batch has an array of shape"):
        on_first(1, 2, STEP)(state_of(a=0.0), {"x": rows}, KEY)


@pytest.mark.parametrize("around", [scan_batches, on_last])
@pytest.mark.parametrize("x", [np.ones((4, 1), "f4"), np.ones((), "f4")])
def test_a_forgotten_batch_axis_is_refused(around, x):
    with pytest.raises(ValueError, match=rf"{around.__name__}: .*batches_per_step=3"):
        around(3, STEP)(state_of(a=0.0), {"x": jnp.asarray(x)}, KEY)


@pytest.mark.parametrize("around", [scan_batches, on_last])
def test_of_one_batch_they_are_the_update_itself(around):
    assert around(1, STEP) is STEP


# Lazy updates.


def test_trap_3_every_keeps_one_structure_with_nan_for_what_it_skips():
    update = jax.jit(every(3, STEP))
    state = state_of(a=1.0)
    moved, metrics = update(state, batch_of(2.0), KEY)
    assert float(weight(moved)) != 1.0
    assert np.isfinite(metrics["a_loss"])
    still, skipped = update(state.replace(step=state.step + 1), batch_of(2.0), KEY)
    assert float(weight(still)) == 1.0
    assert jax.tree.structure(metrics) == jax.tree.structure(skipped)
    assert np.isnan(skipped["a_loss"])


def test_trap_3_nan_stands_for_skipped_alone():
    def broken(given, batch, key):
        return given.variables["a"]["params"]["w"] * jnp.nan, Aux({"count": jnp.asarray(3)})

    update = every(2, minimize("a", broken, SGD))
    _, computed = update(state_of(a=1.0), batch_of(2.0), KEY)
    assert {name: float(value) for name, value in computed.items()} == {
        "a_loss": np.inf, "a_grad_norm": np.inf, "count": 3,
    }  # fmt: skip
    _, skipped = update(state_of(a=1.0).replace(step=jnp.asarray(1)), batch_of(2.0), KEY)
    assert np.isnan([float(value) for value in skipped.values()]).all()


def test_trap_3_health_is_in_the_parameter_norms_of_every_step():
    state = state_of(a=3.0).replace(step=jnp.asarray(1, jnp.int32))
    state, metrics = jax.jit(advance(method(every(2, STEP))))(state, batch_of(2.0), KEY)
    assert np.isnan(metrics["a_loss"])
    np.testing.assert_allclose(metrics["a_param_norm"], 3.0)


def test_trap_7_and_10_every_compiles_once_for_all_steps():
    update = jax.jit(chex.assert_max_traces(every(2, STEP), n=2))
    state = state_of(a=1.0)  # one trace for its shapes, one for both branches
    for _ in range(5):
        state, _ = update(state.replace(step=state.step + 1), batch_of(2.0), KEY)


def count(state, batch, key):
    """Counts its calls in the memory and reports the batch that it saw."""
    return state.replace(memory={"calls": state.memory["calls"] + 1}), {"seen": batch["x"].mean()}


@pytest.mark.parametrize(
    ("n", "k", "clock", "expected"),
    [
        (1, 2, None, [[0], [], [2], []]),
        (3, 2, None, [[0, 2], [4], [6, 8], [10]]),
        (3, 4, None, [[0], [4], [8], []]),
        (3, 2, lambda state: state.step, [[0, 1, 2], [], [6, 7, 8], []]),
    ],
)
def test_every_counts_its_calls_over_the_run(n, k, clock, expected):
    """Batch i of the run holds the number i; those that are seen are known by their mean."""
    state = TrainState.create({}, {"calls": jnp.asarray(0)})
    step = jax.jit(advance(method(scan_batches(n, every(k, count, clock)))))
    for i, seen in enumerate(expected):
        numbers = jnp.arange(n * i, n * (i + 1), dtype=jnp.float32)
        batch = {"x": numbers[:, None] if n > 1 else numbers}
        state, metrics = step(state, batch, KEY)
        np.testing.assert_allclose(metrics["seen"], np.mean(seen) if seen else np.nan)
    assert int(state.memory["calls"]) == sum(map(len, expected))


def test_every_counts_through_scans_in_scans():
    state = TrainState.create({}, {"calls": jnp.asarray(0)})
    step = jax.jit(advance(method(scan_batches(2, scan_batches(3, every(4, count))))))
    for calls in (2, 3, 5):  # of 6, 12 and 18
        state, _ = step(state, {"x": jnp.zeros((2, 3, 1))}, KEY)
        assert int(state.memory["calls"]) == calls
    assert state.clock is None


# Averages.


def test_ema_is_the_running_average():
    """With a decay of at most (1 + t) / (10 + t), so 1/10, 2/11, and then .2."""
    step = chain(STEP, ema("a", 0.2))
    state, expected = state_of(a=1.0), 1.0
    for t, decay in enumerate([1 / 10, 2 / 11, 0.2, 0.2]):
        state, _ = step(state.replace(step=jnp.asarray(t)), batch_of(2.0), KEY)
        expected = decay * expected + (1 - decay) * float(weight(state))
    np.testing.assert_allclose(state.players["a"].average["params"]["w"], expected, rtol=1e-6)
    chex.assert_trees_all_equal(state.players["a"].averaged, state.players["a"].average)


def test_a_schedule_is_the_decay_itself():
    update = ema("a", optax.linear_schedule(1.0, 0.0, 4))
    state = state_of(a=1.0)
    player = state.players["a"].replace(variables={"params": {"w": jnp.asarray(5.0)}})
    for step, expected in ((0, 1.0), (1, 2.0), (4, 5.0)):
        new, _ = update(state.replace(players={"a": player}, step=jnp.asarray(step)), {}, KEY)
        np.testing.assert_allclose(new.players["a"].average["params"]["w"], expected)


def test_ema_averages_batch_statistics_and_nothing_else():
    variables = {"params": jnp.asarray(0.0), "batch_stats": jnp.asarray(0.0), "spectral": 0.0}
    state = TrainState.create({"a": Player.create(variables, SGD, average=True)})
    later = {"params": jnp.asarray(1.0), "batch_stats": jnp.asarray(2.0), "spectral": 3.0}
    state = state.replace(players={"a": state.players["a"].replace(variables=later)})
    new, metrics = ema("a", lambda step: 0.75)(state, {}, KEY)
    averaged = {"params": 0.25, "batch_stats": 0.5, "spectral": 3.0}
    assert jax.tree.map(float, new.players["a"].averaged) == averaged
    assert new.players["a"].variables == later
    assert new.weights()["a"] == new.players["a"].averaged
    assert new.weights(averaged=False)["a"] == later
    assert metrics == {}


def test_a_player_without_an_average_stays_as_it_is():
    state = state_of(average=False, a=1.0)
    new, metrics = ema("a", 0.9)(state, {}, KEY)
    assert new is state
    assert metrics == {}
    assert state.players["a"].averaged is state.players["a"].variables
