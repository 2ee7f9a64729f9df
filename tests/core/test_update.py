"""One update: whose gradient, and what a loss may read and give."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from core_helpers import KEY, SGD, batch_of, on_devices, product, squared, state_of, weight

from jaxgan.core import Aux, Player, TrainState, apply_gradients, chain, minimize
from jaxgan.errors import InputError

RNG = np.random.default_rng(0)
ROWS = {"x": RNG.normal(size=(12, 3)).astype("f4"), "y": RNG.normal(size=12).astype("f4")}
START = RNG.normal(size=3).astype("f4")


def test_minimize_takes_one_gradient_step():
    state, metrics = minimize("a", squared("a"), SGD)(state_of(a=1.0), batch_of(3.0, 5.0), KEY)
    np.testing.assert_allclose(weight(state), 1.0 - 0.1 * (1.0 - 4.0), rtol=1e-6)
    np.testing.assert_allclose(metrics["a_loss"], (4 + 16) / 4, rtol=1e-6)
    np.testing.assert_allclose(metrics["a_grad_norm"], 3.0, rtol=1e-6)


def test_other_players_are_constants():
    state, _ = minimize("a", product, SGD)(state_of(a=2.0, b=3.0), batch_of(0.0), KEY)
    np.testing.assert_allclose(weight(state, "a"), 2.0 - 0.1 * 3.0, rtol=1e-6)
    np.testing.assert_array_equal(weight(state, "b"), 3.0)


def test_two_players_step_together_on_one_loss():
    state, _ = minimize(("a", "b"), product, SGD)(state_of(a=2.0, b=3.0), batch_of(0.0), KEY)
    np.testing.assert_allclose(weight(state, "a"), 2.0 - 0.1 * 3.0, rtol=1e-6)
    np.testing.assert_allclose(weight(state, "b"), 3.0 - 0.1 * 2.0, rtol=1e-6)


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


def test_a_loss_may_change_statistics_and_memory_but_not_others_params():
    def loss(given, batch, key):
        count = given.memory["count"]
        new = {"params": {"w": jnp.asarray(99.0)}, "stats": {"n": count + 1.0}}
        aux = Aux({"seen": count}, {"b": new}, {"count": count + 1.0})
        return given.variables["a"]["params"]["w"], aux

    memory = {"count": jnp.asarray(5.0), "kept": jnp.asarray(1)}
    state = state_of(a=1.0, b=2.0).replace(memory=memory)
    state, metrics = minimize("a", loss, SGD)(state, batch_of(0.0), KEY)
    assert float(metrics["seen"]) == 5.0
    assert jax.tree.map(float, state.memory) == {"count": 6.0, "kept": 1.0}
    assert float(state.players["b"].variables["stats"]["n"]) == 6.0
    assert float(weight(state, "b")) == 2.0


def test_a_loss_reads_the_step_and_the_frozen_weights():
    def loss(given, batch, key):
        target = given.frozen["net"]["w"] * given.step
        return 0.5 * jnp.square(given.variables["a"]["params"]["w"] - target), Aux()

    state = state_of(a=1.0).replace(step=jnp.asarray(3), frozen={"net": {"w": jnp.asarray(2.0)}})
    new, _ = jax.jit(minimize("a", loss, SGD))(state, batch_of(0.0), KEY)
    np.testing.assert_allclose(weight(new), 1.0 - 0.1 * (1.0 - 6.0), rtol=1e-6)
    chex.assert_trees_all_equal(new.frozen, state.frozen)


def test_frozen_weights_are_arguments_of_the_compiled_step():
    def loss(given, batch, key):
        return given.frozen["net"].mean() * given.variables["a"]["params"]["w"], Aux()

    state = state_of(a=1.0).replace(frozen={"net": jnp.arange(5000.0)})
    lowered = jax.jit(minimize("a", loss, SGD)).lower(state, batch_of(0.0), KEY).as_text()
    arguments = lowered.split("@main(")[1].split("->")[0]
    assert "tensor<5000xf32>" in arguments
    assert len(lowered) < 10_000


@pytest.mark.parametrize("tx", [optax.adam(0.1), optax.lbfgs()])
def test_apply_gradients_is_the_second_half_of_minimize(tx):
    params = {"w": jnp.asarray([1.0, -2.0])}
    state, batch = TrainState.create({"a": Player.create({"params": params}, tx)}), batch_of(3.0)

    def value(params):
        return 0.5 * jnp.square(params["w"] - 3.0).sum()

    def by_hand(state, batch, key):
        loss, grads = jax.value_and_grad(value)(state.players["a"].variables["params"])
        return apply_gradients("a", grads, tx, value=loss, value_fn=value)(state, batch, key)

    whole = minimize("a", lambda given, *_: (value(given.variables["a"]["params"]), Aux()), tx)
    for _ in range(2):
        new, metrics = by_hand(state, batch, KEY)
        state, expected = whole(state, batch, KEY)
        chex.assert_trees_all_close(new, state)
        np.testing.assert_allclose(metrics["a_grad_norm"], expected["a_grad_norm"])
        state = new


def pixels(tx):
    """One image as the only player, and the steps that bring it near a target."""
    rng = np.random.default_rng(1)
    target = jnp.asarray(rng.uniform(-1, 1, (8, 8, 3)), jnp.float32)
    curvature = jnp.asarray(10 ** rng.uniform(-2, 0, (8, 8, 3)), jnp.float32)

    def loss(given, batch, key):
        image = given.variables["image"]["params"]
        return (curvature * jnp.square(image - batch["target"][0])).sum(), Aux()

    state = TrainState.create({"image": Player.create({"params": jnp.zeros((8, 8, 3))}, tx)})
    update, losses = jax.jit(minimize("image", loss, tx)), []
    for _ in range(40):
        state, metrics = update(state, {"target": target[None]}, KEY)
        losses.append(float(metrics["image_loss"]))
    return losses


def test_a_line_search_optimises_pixels_far_faster_than_gradient_descent():
    quasi_newton, descent = pixels(optax.lbfgs()), pixels(optax.sgd(0.5))
    assert quasi_newton[0] == descent[0]
    assert quasi_newton[-1] < 1e-6 < 1e-3 < descent[-1] / descent[0]


def test_a_line_search_over_devices_is_that_of_the_whole_batch():
    tx = optax.lbfgs()

    def loss(given, batch, key):
        error = batch["x"] @ given.variables["net"]["params"] - batch["y"]
        return jnp.square(error).mean(), Aux()

    whole = shared = TrainState.create({"net": Player.create({"params": jnp.asarray(START)}, tx)})
    update = minimize("net", loss, tx)
    for _ in range(4):
        whole, expected = jax.jit(update)(whole, ROWS, KEY)
        shared, metrics = on_devices(update)(shared, ROWS, KEY)
        np.testing.assert_allclose(metrics["net_loss"], expected["net_loss"], rtol=1e-4)
    found = [state.players["net"].variables["params"] for state in (shared, whole)]
    np.testing.assert_allclose(*found, rtol=1e-3)


def regression(given, batch, key):
    """A loss with all that an Aux can hold."""
    error = batch["x"] @ given.variables["net"]["params"] - batch["y"]
    own = given.variables["net"]["batch_stats"]
    statistics = {"seen": own["seen"] + 1, "mean": own["mean"] + error.mean() / 4}
    aux = Aux(
        {"error": error.mean()},
        {"net": {"batch_stats": statistics}},
        {"length": 0.9 * given.memory["length"] + 0.1 * error.mean(), "calls": jnp.asarray(7)},
        {"errors": error},
    )
    return jnp.square(error).mean(), aux


def run_regression(update, batch=ROWS):
    variables = {
        "params": jnp.asarray(START),
        "batch_stats": {"seen": jnp.asarray(0), "mean": jnp.asarray(0.0)},
        "other": jnp.ones(2),
    }
    memory = {"length": jnp.asarray(2.0), "calls": jnp.asarray(0)}
    state = TrainState.create({"net": Player.create(variables, optax.sgd(1.0))}, memory)
    return update(state, batch, KEY)


@pytest.mark.parametrize(
    "update",
    [
        minimize("net", regression, optax.sgd(1.0), accumulate=3),
        on_devices(minimize("net", regression, optax.sgd(1.0))),
        on_devices(minimize("net", regression, optax.sgd(1.0), accumulate=3)),
    ],
    ids=["accumulated", "on devices", "both"],
)
def test_parts_of_a_batch_are_the_whole_one(update):
    """The gradient, the metrics and the memory: a mean of the parts' is that of the batch."""
    (state, metrics), (whole, expected) = (
        run_regression(update),
        run_regression(minimize("net", regression, optax.sgd(1.0))),
    )
    gradient = 2 * ROWS["x"].T @ (ROWS["x"] @ START - ROWS["y"]) / 12
    params = state.players["net"].variables["params"]
    np.testing.assert_allclose(START - params, gradient, rtol=1e-4)
    chex.assert_trees_all_close(
        (metrics, state.memory), (expected, whole.memory), rtol=1e-4, atol=1e-6
    )
    assert int(state.memory["calls"]) == 7


def test_accumulated_parts_hand_on_their_statistics_and_join_their_rows():
    update = minimize("net", regression, optax.sgd(1.0), accumulate=3)
    state, _ = run_regression(update)
    assert int(state.players["net"].variables["batch_stats"]["seen"]) == 3
    np.testing.assert_array_equal(state.players["net"].variables["other"], np.ones(2))
    errors = ROWS["x"] @ START - ROWS["y"]
    np.testing.assert_allclose(state.rows["errors"], errors, rtol=1e-4, atol=1e-6)


def test_parts_that_do_not_divide_the_batch_are_refused():
    update = minimize("net", regression, optax.sgd(1.0), accumulate=5)
    with pytest.raises(InputError, match=r"accumulate: 5 parts do not divide the 12 examples"):
        run_regression(update)


def test_a_method_without_data_accumulates_over_keys():
    def loss(given, batch, key):
        return given.variables["a"]["params"]["w"] * jax.random.normal(key), Aux()

    _, metrics = minimize("a", loss, SGD, accumulate=2)(state_of(a=1.0), {}, KEY)
    drawn = [jax.random.normal(key) for key in jax.random.split(KEY, 2)]
    np.testing.assert_allclose(metrics["a_loss"], np.mean(drawn), rtol=1e-6)


def test_trap_2_a_state_made_of_the_batch_may_be_donated():
    def init(key, batch):
        return TrainState.create({"a": Player.create({"params": {"w": batch["x"]}}, SGD, True)})

    batch = batch_of(1.0, 2.0)
    step = jax.jit(minimize("a", squared("a"), SGD), donate_argnums=0)
    state, _ = step(jax.jit(init)(KEY, batch), batch, KEY)
    chex.assert_trees_all_close(weight(state), np.asarray([1.0, 2.0]))
    np.testing.assert_array_equal(batch["x"], [1.0, 2.0])  # still there


def test_trap_4_rank_promotion_raises_here():
    with pytest.raises(ValueError, match="rank_promotion"):
        jnp.ones((2, 2)) + jnp.ones(2)
