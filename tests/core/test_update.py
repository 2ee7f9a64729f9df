"""The contract, and the traps that it is there to avoid."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.core import (
    Algorithm,
    Aux,
    Player,
    TrainState,
    advance,
    chain,
    ema,
    every,
    minimize,
    on_last,
    scan_batches,
)

SGD = optax.sgd(0.1)
KEY = jax.random.key(0)


def state_of(**values):
    players = {
        name: Player.create({"params": {"w": jnp.asarray(value)}}, SGD, ema=True)
        for name, value in values.items()
    }
    return TrainState.create(players)


def weights(state, name="a"):
    return np.asarray(state.players[name].variables["params"]["w"])


def squared(name):
    """The mean over the batch of (w - x)^2 / 2: its gradient is w - mean(x)."""

    def loss(variables, batch, key, memory):
        w = variables[name]["params"]["w"]
        return 0.5 * jnp.square(w - batch["x"]).mean(), Aux()

    return loss


def product(variables, batch, key, memory):
    return variables["a"]["params"]["w"] * variables["b"]["params"]["w"], Aux()


def batch_of(*values):
    return {"x": jnp.asarray(values, jnp.float32)}


def test_minimize_takes_one_gradient_step():
    state, metrics = minimize("a", squared("a"), SGD)(state_of(a=1.0), batch_of(3.0, 5.0), KEY)
    np.testing.assert_allclose(weights(state), 1.0 - 0.1 * (1.0 - 4.0), rtol=1e-6)
    np.testing.assert_allclose(metrics["a_loss"], (4 + 16) / 4, rtol=1e-6)
    np.testing.assert_allclose(metrics["a_grad_norm"], 3.0, rtol=1e-6)


def test_other_players_are_constants():
    state, _ = minimize("a", product, SGD)(state_of(a=2.0, b=3.0), batch_of(0.0), KEY)
    np.testing.assert_allclose(weights(state, "a"), 2.0 - 0.1 * 3.0, rtol=1e-6)
    np.testing.assert_array_equal(weights(state, "b"), 3.0)


def test_two_players_step_together_on_one_loss():
    state, _ = minimize(("a", "b"), product, SGD)(state_of(a=2.0, b=3.0), batch_of(0.0), KEY)
    np.testing.assert_allclose(weights(state, "a"), 2.0 - 0.1 * 3.0, rtol=1e-6)
    np.testing.assert_allclose(weights(state, "b"), 3.0 - 0.1 * 2.0, rtol=1e-6)


def test_each_of_several_players_has_its_gradients_norm():
    state, batch = state_of(a=2.0, b=3.0), batch_of(0.0)
    both = minimize(("a", "b"), product, SGD, "game")
    again = minimize(("a", "b"), product, SGD, ("again_a", "again_b"))
    _, metrics = chain(both, again)(state, batch, KEY)
    assert metrics.keys() == {
        "game_loss", "a_grad_norm", "b_grad_norm",
        "again_a+again_b_loss", "again_a_grad_norm", "again_b_grad_norm",
    }  # fmt: skip
    np.testing.assert_allclose([metrics["a_grad_norm"], metrics["b_grad_norm"]], [3.0, 2.0])
    with pytest.raises(ValueError, match=r"a_grad_norm.*label"):
        chain(both, minimize("a", product, SGD))(state, batch, KEY)
    _, metrics = chain(both, minimize("a", product, SGD, "alone"))(state, batch, KEY)
    assert {"alone_loss", "alone_grad_norm"} <= metrics.keys()


def test_a_loss_may_change_statistics_and_memory_but_not_others_params():
    def loss(variables, batch, key, memory):
        new = {"params": {"w": jnp.asarray(99.0)}, "stats": {"n": memory["count"] + 1.0}}
        aux = Aux({"seen": memory["count"]}, {"b": new}, {"count": memory["count"] + 1.0})
        return variables["a"]["params"]["w"], aux

    state = state_of(a=1.0, b=2.0).replace(memory={"count": jnp.asarray(5.0)})
    state, metrics = minimize("a", loss, SGD)(state, batch_of(0.0), KEY)
    assert float(metrics["seen"]) == 5.0
    assert float(state.memory["count"]) == 6.0
    assert float(state.players["b"].variables["stats"]["n"]) == 6.0
    assert float(weights(state, "b")) == 2.0


def test_chain_hands_the_state_on_in_order():
    step = chain(minimize("a", squared("a"), SGD), minimize("b", product, SGD))
    state, metrics = step(state_of(a=1.0, b=1.0), batch_of(2.0), KEY)
    np.testing.assert_allclose(weights(state, "b"), 1.0 - 0.1 * 1.1, rtol=1e-6)
    assert {"a_loss", "b_loss"} <= metrics.keys()


def test_chain_gives_each_update_its_own_key():
    seen = []

    def spy(state, batch, key):
        seen.append(jax.random.key_data(key))
        return state, {}

    chain(spy, spy)(state_of(a=1.0), batch_of(0.0), KEY)
    assert not np.array_equal(seen[0], seen[1])


def test_trap_1_one_metric_name_twice_is_refused_and_a_label_mends_it():
    twice = chain(minimize("a", squared("a"), SGD), minimize("a", squared("a"), SGD))
    with pytest.raises(ValueError, match=r"a_grad_norm.*label"):
        twice(state_of(a=1.0), batch_of(2.0), KEY)
    mended = chain(minimize("a", squared("a"), SGD), minimize("a", squared("a"), SGD, "again"))
    _, metrics = mended(state_of(a=1.0), batch_of(2.0), KEY)
    assert {"a_loss", "again_loss"} <= metrics.keys()


def test_trap_2_a_state_made_of_the_batch_may_be_donated():
    def init(key, batch):
        return TrainState.create({"a": Player.create({"params": {"w": batch["x"]}}, SGD)})

    batch = batch_of(1.0, 2.0)
    step = jax.jit(minimize("a", squared("a"), SGD), donate_argnums=0)
    state, _ = step(jax.jit(init)(KEY, batch), batch, KEY)
    chex.assert_trees_all_close(weights(state), np.asarray([1.0, 2.0]))
    np.testing.assert_array_equal(batch["x"], [1.0, 2.0])  # still there


def test_trap_3_every_keeps_one_structure_with_nan_for_what_it_skips():
    update = jax.jit(every(3, minimize("a", squared("a"), SGD)))
    state = state_of(a=1.0)
    moved, metrics = update(state, batch_of(2.0), KEY)
    assert float(weights(moved)) != 1.0
    assert np.isfinite(metrics["a_loss"])
    still, skipped = update(state.replace(step=state.step + 1), batch_of(2.0), KEY)
    assert float(weights(still)) == 1.0
    assert jax.tree.structure(metrics) == jax.tree.structure(skipped)
    assert np.isnan(skipped["a_loss"])


def test_trap_3_nan_stands_for_skipped_alone():
    def broken(variables, batch, key, memory):
        return variables["a"]["params"]["w"] * jnp.nan, Aux()

    update = every(2, minimize("a", broken, SGD))
    _, computed = update(state_of(a=1.0), batch_of(2.0), KEY)
    assert {name: float(value) for name, value in computed.items()} == {
        "a_loss": np.inf, "a_grad_norm": np.inf,
    }  # fmt: skip
    _, skipped = update(state_of(a=1.0).replace(step=jnp.asarray(1)), batch_of(2.0), KEY)
    assert np.isnan([skipped["a_loss"], skipped["a_grad_norm"]]).all()


def test_trap_3_health_is_in_the_parameter_norms_of_every_step():
    lazy = Algorithm(None, every(2, minimize("a", squared("a"), SGD)), None, None)
    state = state_of(a=3.0).replace(step=jnp.asarray(1, jnp.int32))
    state, metrics = jax.jit(advance(lazy))(state, batch_of(2.0), KEY)
    assert np.isnan(metrics["a_loss"])
    np.testing.assert_allclose(metrics["a_param_norm"], 3.0)


def test_trap_4_rank_promotion_raises_here():
    with pytest.raises(ValueError, match="rank_promotion"):
        jnp.ones((2, 2)) + jnp.ones(2)


def test_trap_5_scan_batches_uses_each_fresh_batch_in_order():
    rows = np.asarray([[1.0, 3.0], [5.0, 7.0], [0.0, 2.0]], np.float32)
    state, metrics = scan_batches(minimize("a", squared("a"), SGD))(
        state_of(a=0.5), {"x": jnp.asarray(rows)}, KEY
    )
    w, losses = 0.5, []
    for row in rows:
        losses.append(0.5 * np.mean((w - row) ** 2))
        w -= 0.1 * (w - row.mean())
    np.testing.assert_allclose(weights(state), w, rtol=1e-6)
    np.testing.assert_allclose(metrics["a_loss"], np.mean(losses), rtol=1e-6)


def test_trap_5_on_last_sees_the_last_batch():
    rows = jnp.asarray([[1.0], [5.0]])
    state, _ = on_last(minimize("a", squared("a"), SGD))(state_of(a=0.0), {"x": rows}, KEY)
    np.testing.assert_allclose(weights(state), 0.5, rtol=1e-6)


def test_trap_7_and_10_every_compiles_once_for_all_steps():
    update = jax.jit(chex.assert_max_traces(every(2, minimize("a", squared("a"), SGD)), n=2))
    state = state_of(a=1.0)  # one trace for its shapes, one for both branches
    for _ in range(5):
        state, _ = update(state.replace(step=state.step + 1), batch_of(2.0), KEY)


def test_trap_9_randomness_is_a_function_of_root_and_step():
    def noise(state, batch, key):
        return state, {"noise": jax.random.normal(key)}

    step = jax.jit(advance(Algorithm(None, noise, None, None)))
    state, first = step(state_of(a=1.0), batch_of(0.0), KEY)
    _, second = step(state, batch_of(0.0), KEY)
    _, again = step(state, batch_of(0.0), KEY)
    assert int(state.step) == 1
    assert float(first["noise"]) != float(second["noise"])
    assert float(second["noise"]) == float(again["noise"])
    expected = jax.random.normal(jax.random.fold_in(KEY, 1))
    np.testing.assert_array_equal(second["noise"], expected)


def test_ema_is_the_running_average():
    """With a decay of at most (1 + t) / (10 + t), so 1/10, 2/11, and then .2."""
    step = chain(minimize("a", squared("a"), SGD), ema("a", 0.2))
    state, expected = state_of(a=1.0), 1.0
    for t, decay in enumerate([1 / 10, 2 / 11, 0.2, 0.2]):
        state, _ = step(state.replace(step=jnp.asarray(t)), batch_of(2.0), KEY)
        expected = decay * expected + (1 - decay) * float(weights(state))
    np.testing.assert_allclose(state.players["a"].ema["w"], expected, rtol=1e-6)
    chex.assert_trees_all_equal(state.players["a"].averaged, {"params": state.players["a"].ema})
