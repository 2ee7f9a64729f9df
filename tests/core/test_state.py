"""The state, as one pytree."""

import jax
import jax.numpy as jnp
import numpy as np
from core_helpers import batch_of, state_of

from jaxgan.core import TrainState


def test_weights_are_by_player_with_the_frozen_ones_beside_them():
    state = state_of(a=1.0).replace(frozen={"vgg": {"params": jnp.ones(2)}})
    assert state.weights().keys() == {"a", "vgg"}
    assert state_of(a=1.0).weights().keys() == {"a"}


def test_statistics_are_merged_and_parameters_stay():
    state = state_of(a=1.0)
    state = state.with_statistics({"a": {"batch_stats": 1.0, "spectral": 2.0}})
    state = state.with_statistics({"a": {"params": {"w": 9.0}, "batch_stats": 3.0}})
    expected = {"params": {"w": 1.0}, "batch_stats": 3.0, "spectral": 2.0}
    assert jax.tree.map(float, state.players["a"].variables) == expected


def test_a_state_between_steps_holds_neither_rows_nor_a_clock():
    """What a checkpoint has is what it had: empty fields are no leaves."""
    paths = [
        jax.tree_util.keystr(p) for p, _ in jax.tree_util.tree_leaves_with_path(state_of(a=1.0))
    ]
    assert paths == [
        ".step", ".players['a'].variables['params']['w']", ".players['a'].average['params']['w']",
    ]  # fmt: skip


def test_the_average_starts_at_the_variables_in_arrays_of_its_own():
    state = state_of(a=1.0)
    step = jax.jit(lambda state, batch: state.replace(step=state.step + 1), donate_argnums=0)
    state = step(state, batch_of(1.0))
    np.testing.assert_array_equal(state.players["a"].average["params"]["w"], 1.0)


def test_now_is_the_step_outside_of_a_scan():
    state = TrainState.create({}).replace(step=jnp.asarray(3))
    assert int(state.now) == 3
    assert int(state.replace(clock=jnp.asarray(8)).now) == 8
