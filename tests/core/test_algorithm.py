"""What the loop and the commands know of a method."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from core_helpers import KEY, SGD, batch_of, method, squared, state_of, weight

from jaxgan.core import Feature, Function, Spec, advance, minimize, several, show_nothing

IMAGE = Feature("image", (4, 6, 3))
FEATURES = {
    "image": IMAGE,
    "mask": Feature("mask", (4, 6), classes=3),
    "label": Feature("label", (), classes=10),
    "row": Feature("array", (5,)),
}


def test_a_batch_of_zeros_has_the_features_shapes_and_types():
    batch = Spec(FEATURES, steps=1).batch(2)
    assert {name: (x.shape, x.dtype.name) for name, x in batch.items()} == {
        "image": ((2, 4, 6, 3), "uint8"), "mask": ((2, 4, 6), "uint8"),
        "label": ((2,), "int32"), "row": ((2, 5), "float32"),
    }  # fmt: skip
    assert Spec({"image": IMAGE}, 1).batch(2, 3)["image"].shape == (3, 2, 4, 6, 3)
    assert Spec({}, 1).batch(2) == {}


@pytest.mark.parametrize(
    ("takes", "draws"),
    [((), True), (("label",), True), (("a",), False), (("image", "label"), False)],
)
def test_a_function_draws_where_it_takes_a_label_at_most(takes, draws):
    assert Function(lambda *_: None, takes, IMAGE).draws is draws


def test_a_method_that_shows_nothing_has_an_empty_sheet():
    assert method(None).show is show_nothing
    assert show_nothing({}, {}, KEY) == {}


def noise(state, batch, key):
    return state, {"noise": jax.random.normal(key)}


def test_trap_9_randomness_is_a_function_of_root_and_step():
    step = jax.jit(advance(method(noise)))
    state, first = step(state_of(a=1.0), batch_of(0.0), KEY)
    _, second = step(state, batch_of(0.0), KEY)
    _, again = step(state, batch_of(0.0), KEY)
    assert int(state.step) == 1
    assert float(first["noise"]) != float(second["noise"])
    assert float(second["noise"]) == float(again["noise"])
    expected = jax.random.normal(jax.random.fold_in(KEY, 1))
    np.testing.assert_array_equal(second["noise"], expected)


def test_rows_are_dropped_at_a_steps_end():
    def leaky(state, batch, key):
        return state.replace(rows={"fake": batch["x"]}), {}

    state, _ = advance(method(leaky))(state_of(a=1.0), batch_of(1.0), KEY)
    assert state.rows == {}


def test_several_steps_in_one_call_are_the_steps_one_by_one():
    step = advance(method(minimize("a", squared("a"), SGD)))
    batches = {"x": jnp.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])}
    together, metrics = jax.jit(several(step, 3))(state_of(a=0.0), batches, KEY)
    state = state_of(a=0.0)
    for i in range(3):
        state, one = step(state, {"x": batches["x"][i]}, KEY)
        np.testing.assert_allclose(metrics["a_loss"][i], one["a_loss"], rtol=1e-6)
    assert int(together.step) == 3
    np.testing.assert_allclose(weight(together), weight(state), rtol=1e-6)
