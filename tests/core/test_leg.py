"""Runs in legs."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from core_helpers import KEY, method

from jaxgan.core import Leg, Player, TrainState, by_name, ema
from jaxgan.core.leg import first_step, leg_of, legs
from jaxgan.errors import InputError

ADAM = optax.adam(0.1)
METHOD = method(lambda state, batch, key: (state, {}))


def test_an_algorithm_is_one_leg_of_the_whole_run():
    (leg,) = legs(METHOD, 7)
    assert (leg.algorithm, leg.steps, leg.data, leg.adopt) == (METHOD, 7, {}, by_name)


def test_legs_that_do_not_fill_the_run_are_refused():
    two = [Leg(METHOD, 3), Leg(METHOD, 2, {"image_size": 8})]
    assert legs(two, 5) == two
    for built in (two, []):
        with pytest.raises(InputError, match=r"^steps: 6, and the legs .* have [05]: use [05]$"):
            legs(built, 6)


def test_a_checkpoint_at_a_legs_end_belongs_to_that_leg():
    three = [Leg(METHOD, 3), Leg(METHOD, 2), Leg(METHOD, 4)]
    assert [first_step(three, i) for i in range(3)] == [0, 3, 5]
    assert [leg_of(three, step) for step in range(10)] == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2]


def net(average=True, **shapes):
    """A player whose arrays are all ``shapes["fill"]``, with a number that says whose it is."""
    fill = shapes.pop("fill")
    params = {name: jnp.full(shape, fill) for name, shape in shapes.items()}
    variables = {"params": params, "batch_stats": {"mean": jnp.full(2, fill)}}
    return Player.create(variables, ADAM, average)


def test_what_has_the_same_path_and_shape_is_adopted():
    old = TrainState.create(
        {"g": net(fill=1.0, body=(3,), head=(4,)), "gone": net(fill=1.0, body=(3,))},
        {"length": jnp.asarray(1.0), "pool": jnp.ones(3)},
    ).replace(step=jnp.asarray(5))
    average = jax.tree.map(lambda x: x + 1.0, old.players["g"].average)
    moments = jax.tree.map(lambda x: x + 1, old.players["g"].opt_state)
    player = old.players["g"].replace(average=average, opt_state=moments)
    old = old.replace(players={**old.players, "g": player})
    new = TrainState.create(
        {"g": net(fill=0.0, body=(3,), head=(5,), grown=(2,)), "d": net(fill=0.0, body=(3,))},
        {"length": jnp.asarray(0.0), "pool": jnp.zeros(8)},
        frozen={"vgg": jnp.zeros(1)},
    )
    state = by_name(old, new)
    values = jax.tree.map(lambda x: float(x.max()), state)
    assert values.step == 5
    assert values.players.keys() == {"g", "d"}
    assert values.players["g"].variables == {
        "params": {"body": 1.0, "head": 0.0, "grown": 0.0}, "batch_stats": {"mean": 1.0},
    }  # fmt: skip
    assert values.players["g"].average == {
        "params": {"body": 2.0, "head": 0.0, "grown": 0.0}, "batch_stats": {"mean": 2.0},
    }  # fmt: skip
    assert set(jax.tree.leaves(values.players["g"].opt_state)) == {0.0}  # a fresh optimizer
    assert set(jax.tree.leaves(values.players["d"])) == {0.0}
    assert values.memory == {"length": 1.0, "pool": 0.0}
    assert values.frozen == {"vgg": 0.0}
    assert jax.tree.structure(state) == jax.tree.structure(new)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("after", [True, False])
def test_an_average_starts_at_the_weights_that_the_leg_before_shows(before, after):
    old = TrainState.create({"g": net(before, fill=1.0, body=(3,))})
    state = by_name(old, TrainState.create({"g": net(after, fill=0.0, body=(3,))}))
    assert (state.players["g"].average is None) is not after
    np.testing.assert_array_equal(state.players["g"].averaged["params"]["body"], np.ones(3))
    step = jax.jit(ema("g", 0.5), donate_argnums=0)  # no array is in the state twice
    step(state, {}, KEY)
