"""The mesh: what is split, what is whole, and what does not divide."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import PartitionSpec

from jaxgan.core import Algorithm, Aux, Player, TrainState, minimize
from jaxgan.core.sharding import over_devices, sharded
from jaxgan.errors import InputError
from jaxgan.system.devices import BUFFERED, Devices, Parallel, leading, open_devices
from jaxgan.system.pmap import Pmap
from tests.conftest import ROOT

KEY, TX = jax.random.key(0), optax.sgd(0.1)
FORMS = {
    "jit": Parallel(),
    "pmap": Parallel(compile="pmap"),
    "sharded": Parallel(state="sharded"),
}


def algorithm(batches_per_step=1):
    return Algorithm(None, None, {}, batches_per_step=batches_per_step)


def test_a_batch_is_split_over_its_examples():
    devices = Devices()
    assert devices.split(leading(algorithm())).spec == PartitionSpec("data")
    assert devices.split(leading(algorithm(5))).spec == PartitionSpec(None, "data")
    assert devices.split(leading(algorithm(5), 3)).spec == PartitionSpec(None, None, "data")
    batch = devices.place(np.zeros((8, 2)), 0)
    assert {shard.data.shape for shard in batch.addressable_shards} == {(2, 2)}


@pytest.mark.timeout(60)  # with two programs in flight it hangs
@pytest.mark.parametrize("compiled", [Devices.jit, Devices.whole])
def test_programs_that_communicate_do_not_wait_for_one_another(compiled):
    """Steps, each followed by three programs that do not depend on the next step."""
    devices = Devices()
    x = jax.device_put(np.ones((64, 256), np.float32), devices.split(0))
    rows = jax.device_put(np.ones((4096, 64), np.float32), devices.split(0))
    weight = jax.device_put(np.full((256, 256), 0.01, np.float32), devices.replicated)

    def steps(weight, x):
        def loss(weight):
            return jnp.mean(jnp.tanh(jnp.tanh(x @ weight) @ weight) ** 2)

        return jax.lax.fori_loop(0, 5, lambda _, w: w - 0.1 * jax.grad(loss)(w), weight)

    step, total = compiled(devices, steps), compiled(devices, lambda rows: 2 * rows + rows.sum())
    for _ in range(20):
        weight = step(weight, x)
        totals = [total(rows) for _ in range(3)]
    np.testing.assert_allclose(totals[0][0, 0], 2 + 4096 * 64)
    assert np.isfinite(weight).all()


def test_a_batch_that_does_not_divide_names_two_that_do():
    with pytest.raises(InputError, match=r"data\.batch_size: 10 .* 4 devices; use 8 or 12"):
        Devices().check(10)
    Devices().check(12)


def test_put_keeps_order_and_loses_nothing():
    numbers = [np.full((4,), i) for i in range(7)]
    out = list(Devices().put(iter(numbers), 0))
    assert BUFFERED < 7
    assert [int(x[0]) for x in out] == list(range(7))


def test_sharded_splits_what_a_step_makes_and_is_nothing_without_a_mesh():
    devices = Devices()
    made = devices.jit(lambda key: sharded(jax.random.normal(key, (8, 3))))(jax.random.key(0))
    assert {shard.data.shape for shard in made.addressable_shards} == {(2, 3)}
    alone = jax.jit(lambda key: sharded(jax.random.normal(key, (8, 3))))(jax.random.key(0))
    np.testing.assert_array_equal(made, alone)


def test_frozen_weights_are_whole_where_the_state_is_split():
    devices = Devices(parallel=Parallel(state="sharded"))
    player = Player({"params": np.zeros((8, 3))}, ())
    state = TrainState(np.int32(0), {"net": player}, {}, frozen={"teacher": np.zeros((8, 3))})
    place = devices.of_state(state)
    assert place.players["net"].variables["params"].spec == PartitionSpec("data")
    assert place.frozen["teacher"] == devices.replicated
    assert devices.of_state(state.replace(frozen=None)).frozen is None


def test_what_is_computed_whole_needs_no_divisible_batch():
    whole = Devices().whole(lambda key: sharded(jax.random.normal(key, (10, 3))))
    assert whole(jax.random.key(0)).sharding.is_fully_replicated


@pytest.mark.parametrize("compile,cls", [("jit", Devices), ("pmap", Pmap)])
def test_the_config_names_the_form(compile, cls):
    devices = open_devices(Parallel(compile=compile))
    assert type(devices) is cls
    assert devices.mesh.size == 4


@pytest.mark.parametrize("deterministic", [False, True])
def test_all_that_is_compiled_for_a_gpu_has_the_options_of_the_config(monkeypatch, deterministic):
    given = []
    options = {False: {}, True: {"some": "flag"}}
    monkeypatch.setattr("jaxgan.system.devices.compiler_options", options.get)
    monkeypatch.setattr(
        jax, "jit", lambda *args, compiler_options, **kw: given.append(compiler_options) or len
    )
    devices = Devices(parallel=Parallel(deterministic=deterministic))
    like = TrainState(np.int32(0), {}, {})
    devices.jit(len)
    devices.whole(len)
    devices.compile(len, like, 0)
    with contextlib.suppress(AttributeError):  # there is no program to lower
        devices.lower(len, 0, like)
    assert given == [options[deterministic]] * 4


def test_a_deterministic_program_for_each_device_is_refused():
    with pytest.raises(InputError, match=r"parallel\.deterministic: pmap takes no options .* use"):
        Parallel(compile="pmap", deterministic=True)


@pytest.mark.parametrize("form", FORMS)
def test_the_state_before_a_step_is_given_to_the_one_after(form):
    algorithm, devices = remembering(1), open_devices(FORMS[form], 4)
    batch = devices.place({"x": np.ones((8, 8), np.float32)}, 0)
    before = devices.init(algorithm, KEY, batch)
    after, _ = devices.step(algorithm, before)(before, batch, KEY)
    assert before.players["net"].variables["params"].is_deleted()
    assert not any(x.is_deleted() for x in jax.tree.leaves(after))


@pytest.mark.parametrize("form", ["jit", "pmap"])
@pytest.mark.parametrize("lead", [0, 1])
def test_data_on_every_device_and_a_plan_that_is_split(form, lead):
    def step(state, feed, root):
        data, index = feed
        del root
        mean = over_devices(data[index].mean())
        return state.replace(step=state.step + 1), {"mean": mean}

    devices = open_devices(Parallel(compile=form))
    data, index = np.arange(10.0, dtype=np.float32), np.arange(8, dtype=np.int32)
    like = TrainState(jnp.int32(0), {}, {})
    compiled = devices.compile(step, like, lead, resident=True)
    plan = devices.place(index.reshape((1,) * lead + (8,)), lead)
    feed = (jax.device_put(data, devices.replicated), plan)
    state, metrics = compiled(like, feed, jax.random.key(0))
    assert int(state.step) == 1
    assert float(metrics["mean"]) == 3.5


def test_pmap_is_known_to_one_file():
    files = (ROOT / "jaxgan").rglob("*.py")
    users = {str(f.relative_to(ROOT / "jaxgan")) for f in files if "pmap" in f.read_text()}
    assert users == {"system/pmap.py", "system/devices.py"}  # the second has its name in the config


def remembering(accumulate):
    """A method with a scalar memory, and a statistic of its own among a player's variables."""

    def loss(given, batch, key):
        del key
        error = batch["x"] - given.variables["net"]["params"]
        mine = given.variables["net"]["mine"]  # statistics go on from part to part
        mine = {"seen": mine["seen"] + 1, "mean": mine["mean"] + error.mean() / accumulate}
        length = 0.9 * given.memory["length"] + 0.1 * jnp.square(error).mean()
        aux = Aux({}, {"net": {"mine": mine}}, {"length": length, "calls": jnp.asarray(7)})
        return jnp.square(error).mean(), aux

    def init(key, batch):
        del key, batch
        mine = {"seen": jnp.asarray(0), "mean": jnp.asarray(0.0)}
        player = Player.create({"params": jnp.zeros((1, 8)), "mine": mine}, TX)
        return TrainState.create({"net": player}, {"length": jnp.ones(()), "calls": jnp.asarray(0)})

    return Algorithm(init, minimize("net", loss, TX, accumulate=accumulate), {})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("accumulate", [1, 2])
def test_memory_and_statistics_are_those_of_the_whole_batch(form, accumulate):
    x = np.arange(64, dtype=np.float32).reshape(8, 8)
    algorithm, devices = remembering(accumulate), open_devices(FORMS[form], 4)
    state = devices.init(algorithm, KEY, {"x": x})
    batch = devices.place({"x": x}, 0)
    state, _ = devices.step(algorithm, state)(state, batch, KEY)
    assert float(state.memory["length"]) == pytest.approx(0.9 + 0.1 * np.square(x).mean())
    assert int(state.memory["calls"]) == 7
    mine = state.players["net"].variables["mine"]
    assert int(mine["seen"]) == accumulate
    assert float(mine["mean"]) == pytest.approx(x.mean())
