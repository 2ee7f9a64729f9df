"""What holds for every algorithm."""

import functools
from dataclasses import replace

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.core import advance
from jaxgan.core.leg import legs
from jaxgan.system.devices import Devices, Parallel, leading, open_devices
from tests.small import ALGORITHMS, MASKS, PAIRS, POINTS, SPEC, spec_of, with_frozen

KEY = jax.random.key(0)


def batches(algorithm, size=8):
    """Random batches, not black ones."""
    gives = next(iter(algorithm.functions.values())).gives
    specs = (spec for spec in (SPEC, POINTS, PAIRS, MASKS) if gives in spec.features.values())
    spec = next(specs, SPEC)  # a method in legs: the batch of init is not read
    shapes = spec.batch(size, algorithm.batches_per_step)
    for step in range(100):
        rng = np.random.default_rng(step)
        batch = {k: rng.integers(0, 256, x.shape).astype(np.uint8) for k, x in shapes.items()}
        if "label" in shapes:
            batch["label"] = rng.integers(0, 8, shapes["label"].shape).astype(np.int32)
        if "mask" in shapes:
            batch["mask"] %= 11
        if "point" in shapes:
            batch["point"] = rng.normal(size=shapes["point"].shape).astype(np.float32)
        yield batch


def build(name):
    """The algorithm; of a method in legs the last one, which has all parts."""
    spec = spec_of(ALGORITHMS[name])
    *_, leg = legs(ALGORITHMS[name].build(spec), spec.steps, "highest")
    return leg.algorithm


def run(algorithm, devices, steps=5, first=None):
    """The first state, and the last with its metrics, of steps that are traced once.

    A ``first`` state that is known is placed: its initialization takes long to compile.
    """
    stream, lead = batches(algorithm), leading(algorithm)
    batch = next(stream)
    if first is None:
        first = with_frozen(devices.init(algorithm, KEY, batch), algorithm)
    state = jax.device_put(first, devices.of_state(first), may_alias=False)
    first = jax.device_get(state)
    chex.clear_trace_counter()
    traced_once = chex.assert_max_traces(advance(algorithm), n=1)
    step = devices.compile(traced_once, state, lead)
    for _, batch in zip(range(steps), devices.put(stream, lead), strict=False):
        state, metrics = step(state, batch, KEY)
    return first, *jax.device_get((state, metrics))


@functools.cache
def on_one_device(name):
    return run(build(name), Devices(1))


FORMS = {
    "jit": Parallel(),
    "pmap": Parallel(compile="pmap"),
    "sharded": Parallel(state="sharded"),
}
KINDS = {
    "sn_cgan": pytest.mark.peers,  # batch and spectral norm
    "wgan_gp": pytest.mark.peers,  # a penalty, several updates
    "r3gan": pytest.mark.slow,  # averages by the global batch
    "dcgan": pytest.mark.slow,
    "cyclegan": pytest.mark.slow,  # a pool
    "stylegan2": pytest.mark.slow,  # a probability that follows the whole batch's scores
}
"""Methods that run in all forms, with the mark of the other two forms' cases."""


FIELDS = (
    *("gan", "rpgan", "shared", "lazy", "cgan", "wgan", "cyclegan_parts", "dcgan"),
    *("iwae", "skip_ganomaly", "unet", "fsrcnn", "wdsr", "r3gan_images", "srgan", "fast_style"),
    *("stylegan2", "pix2pix", "mnet", "sgan", "ganomaly", "points", "edsr", "anomaly", "cyclegan"),
)
"""Methods whose kind another one tests, such as other fields of it, and those that
compile longest: they run with ``-m slow``."""


def marks_of(name):
    """All tests of a method go to one worker of pytest-xdist, which computes some of it once."""
    return [pytest.mark.xdist_group(name), *([pytest.mark.slow] if name in FIELDS else [])]


def together(name, *forms, marks=()):
    """Cases of several forms of a method."""
    marks = [*marks_of(name), *marks]
    return [pytest.param(name, form, marks=marks) for form in forms]


@pytest.mark.parametrize(
    "name,form",
    [case for name in ALGORITHMS for case in together(name, "jit")]
    + [
        case
        for name, mark in KINDS.items()
        for case in together(name, "pmap", "sharded", marks=[mark])
    ],
)
def test_four_devices_equal_one(name, form):
    assert jax.device_count() == 4
    first, state, metrics = on_one_device(name)
    _, state4, metrics4 = run(build(name), open_devices(FORMS[form], 4), first=first)
    for player, one in state.players.items():
        four = state4.players[player]
        chex.assert_trees_all_close(one.variables, four.variables, atol=1e-5, rtol=1e-5)
        chex.assert_trees_all_close(one.average, four.average, atol=1e-5, rtol=1e-5)
    chex.assert_trees_all_close(state.memory, state4.memory, atol=1e-5, rtol=1e-5)
    chex.assert_trees_all_close(metrics, metrics4, atol=1e-4, rtol=5e-4)


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks_of(name)) for name in ALGORITHMS])
def test_one_compile_a_run_and_every_player_learns(name):
    first, last, metrics = on_one_device(name)  # fails where it is traced twice
    assert int(last.step) == 5
    for player, old in first.players.items():
        moved = jax.tree.map(
            lambda a, b: np.abs(a - b).max(),
            old.variables["params"],
            last.players[player].variables["params"],
        )
        assert all(np.isfinite(m).all() for m in jax.tree.leaves(moved))
        # A bias that a norm cancels stands still.
        assert all((m > 0).any() for m in jax.tree.leaves(moved) if m.ndim)
    assert all(np.isfinite(value) for value in metrics.values())


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks_of(name)) for name in ALGORITHMS])
def test_the_metrics_say_how_each_player_fares(name):
    algorithm = build(name)
    batch = next(batches(algorithm))
    state = with_frozen(jax.eval_shape(algorithm.init, KEY, batch), algorithm)
    _, metrics = jax.eval_shape(advance(algorithm), state, batch, KEY)
    for player in state.players:
        assert {f"{player}_grad_norm", f"{player}_param_norm"} <= metrics.keys()
    two = name.startswith("cyclegan")
    rates = {"real_rate_a", "real_rate_b"} if two else {"real_rate"}
    rates = rates if {"discriminator", "critic"} & state.players.keys() or two else set()
    assert {metric for metric in metrics if "rate" in metric} == rates


OFTEN = [pytest.param(name, marks=marks_of(name)) for name in ("sn_cgan", "wgan_gp")]
"""Methods whose five steps are at hand."""


@pytest.mark.parametrize("name", OFTEN)
def test_each_player_takes_its_share_of_updates(name):
    _, state, _ = on_one_device(name)
    updates = {
        player: {int(n) for _, n in optax.tree.get_all_with_path(p.opt_state, "count")}
        for player, p in state.players.items()
    }
    other = next(iter(set(state.players) - {"generator"}))
    assert updates == {"generator": {5}, other: {5 * ALGORITHMS[name].n_critic}}


@pytest.mark.parametrize("name", OFTEN)
def test_samples_follow_key_and_label_and_no_other_sample(name):
    algorithm, weights = build(name), jax.device_put(on_one_device(name)[1].weights())
    labels = jnp.asarray([1, 2, 3, 4])
    sample = algorithm.functions["sample"].apply
    draw = jax.jit(lambda labels, key: sample(weights, {"n": 4, "label": labels}, key))
    of_codes = jax.jit(lambda labels, z: sample(weights, {"label": labels, "z": z}, KEY))
    images = draw(labels, KEY)
    assert images.shape == (4, 8, 8, 1)
    assert float(jnp.abs(images).max()) <= 1
    np.testing.assert_array_equal(images, draw(labels, KEY))
    other = draw(labels, jax.random.key(1))
    assert float(jnp.abs(images - other).max()) > 0
    z = jax.random.normal(KEY, (4, ALGORITHMS[name].latent_dim))
    given = of_codes(labels, z)
    alone = of_codes(labels[:1], z[:1])
    np.testing.assert_allclose(given[:1], alone, atol=1e-6)


@pytest.mark.parametrize("name", OFTEN)
def test_the_sheet_has_a_row_a_class(name):
    algorithm, weights = build(name), jax.device_put(on_one_device(name)[1].weights())
    sheet = jax.jit(algorithm.show)(weights, next(batches(algorithm)), KEY)[""]
    assert sheet.shape == (10, 10, 8, 8, 1)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("dcgan", marks=pytest.mark.slow),
        pytest.param("stylegan2", marks=pytest.mark.slow),
    ],
)
def test_bfloat16_stays_near_float32(name):
    config = ALGORITHMS[name]
    results = {}
    for dtype in ("float32", "bfloat16"):
        algorithm = replace(config, compute_dtype=dtype).build(SPEC)
        _, state, metrics = run(algorithm, Devices(1), 3)
        results[dtype] = metrics
        leaves = jax.tree.leaves(state.players)
        assert {leaf.dtype for leaf in leaves} <= {np.dtype("float32"), np.dtype("int32")}
    for name in ("discriminator_loss", "generator_loss"):
        np.testing.assert_allclose(results["bfloat16"][name], results["float32"][name], rtol=0.05)
