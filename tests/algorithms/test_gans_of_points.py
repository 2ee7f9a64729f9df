"""GANs of points: the sheet, the samples in the data's units, the measure."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxgan
from jaxgan import sample
from jaxgan.algorithms import WGAN
from jaxgan.algorithms._parts.points import BLUE, GREY, LIMIT, SIDE, marks, picture, scattered
from jaxgan.errors import InputError
from jaxgan.run.config import Checkpoint, Evaluate, Log
from jaxgan.run.logging import read_records
from jaxgan.run.report import Question, evaluate
from tests.small import ALGORITHMS, DENSE, POINTS, small_run
from tests.test_train import assert_same_runs, crash, train

pytestmark = pytest.mark.xdist_group("gans of points")  # one worker: they share a fixture


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("points") / "run"
    small = small_run(ALGORITHMS["points"], out, steps=4, evaluate=Evaluate(every=2))
    train(replace(small, data=replace(small.data, batch_size=1250)))
    return out


def test_a_mark_is_where_its_point_is():
    points = jnp.asarray([[1e-3, 1e-3], [-LIMIT, -LIMIT], [LIMIT - 1e-3, -LIMIT], [9.0, 0.0]])
    points = jnp.concatenate([points, jnp.full((1, 2), jnp.nan)])
    found = np.argwhere(np.asarray(marks(points, 1)))
    assert found.tolist() == [[SIDE // 2 - 1, SIDE // 2], [SIDE - 1, 0], [SIDE - 1, SIDE - 1]]
    assert marks(points[:1], 5).sum() == 25


def test_later_layers_are_on_top():
    one, two = jnp.zeros((1, 2)), jnp.asarray([[0.0, 0.0], [1.0, 0.0]])
    image = np.asarray(picture((two, GREY, 3), (one, BLUE, 1)))
    assert image.shape == (1, SIDE, SIDE, 3)
    counts = {colour: int(np.isclose(image, colour).all(-1).sum()) for colour in (GREY, BLUE)}
    assert counts == {GREY: 17, BLUE: 1}


def test_points_on_a_line_lie_above_and_below():
    (image,) = scattered(jnp.zeros((50, 1)), jnp.ones((50, 1))).values()
    image = np.asarray(image)[0]
    rows = {c: np.argwhere(np.isclose(image, c).all(-1))[:, 0] for c in (GREY, BLUE)}
    assert rows[GREY].max() < SIDE // 2 < rows[BLUE].min()


@pytest.mark.peers
def test_samples_are_in_the_units_of_the_data(run, tmp_path):
    opened = jaxgan.load(run)
    samples = opened.sample(70)
    scaling = opened.scaling["point"]
    np.testing.assert_allclose(scaling.std, np.sqrt(2), rtol=1e-3)
    inputs = {"n": 64}
    keys = jax.random.fold_in(jax.random.key(0), 0)
    apply = opened.functions["sample"].apply
    raw = jax.jit(lambda weights: apply(weights, inputs, keys))(dict(opened.weights))
    np.testing.assert_allclose(
        samples[:64], np.asarray(raw) * scaling.std + scaling.mean, rtol=1e-5, atol=1e-6
    )
    sample.main([str(run), "--n", "70", "--out", str(tmp_path / "x.csv")])
    lines = (tmp_path / "x.csv").read_text().splitlines()
    assert lines[0] == "x,y"
    np.testing.assert_allclose(
        [[float(x) for x in line.split(",")] for line in lines[1:]], samples, rtol=1e-5
    )
    sample.main([str(run), "--n", "70", "--out", str(tmp_path / "x.npz")])
    with np.load(tmp_path / "x.npz") as arrays:
        np.testing.assert_array_equal(arrays["points"], samples)
    with pytest.raises(InputError, match=r"out: .*x\.png cannot hold points; name a FILE\.csv"):
        sample.main([str(run), "--out", str(tmp_path / "x.png")])


def test_the_measure_is_of_as_many_samples_as_held_out_points(run):
    records = [r for r in read_records(run / "metrics.jsonl") if "mixture/modes" in r]
    assert [r["step"] for r in records] == [2, 4]
    found = evaluate(Question(images=str(run)))
    assert found["held_out"] == {"name": "points:ring", "n": 2500}
    assert found["metrics"] == {
        k: records[-1][k] for k in ("mixture/overlap", "mixture/modes", "mixture/good")
    }
    assert (run / "samples.png").exists()


@pytest.mark.parametrize(
    "name,call",
    [
        pytest.param("r3gan", 2, marks=pytest.mark.slow),
        pytest.param("afm", 1, marks=pytest.mark.slow),
    ],
)
def test_a_crash_and_a_restart_end_where_one_run_ends_to_the_bit(name, call, tmp_path, monkeypatch):
    every = {"checkpoint": Checkpoint(every=2), "log": Log(every=2)}
    run = small_run(ALGORITHMS[name], tmp_path / "whole", steps=4, steps_per_call=call, **every)
    run = replace(run, data=replace(run.data, on_device=call > 1))
    train(run)
    data = replace(run.data, on_device=False)
    broken = replace(run, out=str(tmp_path / "broken"), steps_per_call=1, data=data)
    crash(monkeypatch, broken, at=3)
    assert train(broken) == 0
    assert_same_runs(tmp_path / "whole", tmp_path / "broken")


def test_a_perfect_generator_finds_every_mode():
    algorithm = ALGORITHMS["points"].build(POINTS)
    labels = np.arange(400) % 8
    angles = labels * np.pi / 4
    centres = np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.sqrt(2)
    noise = np.random.default_rng(0).normal(size=(400, 2))
    batch = {
        "point": jnp.asarray(centres + 0.01 * noise, jnp.float32),
        "label": jnp.asarray(labels),
    }
    weights = jax.jit(algorithm.init)(jax.random.key(0), batch).weights()
    measured = jax.jit(algorithm.measure)(weights, batch, jax.random.key(0))["mixture"]
    assert measured.compute()["good"] < 0.1  # an untrained G
    perfect = measured.replace(fake=measured.real).compute()
    assert perfect["modes"] == 8
    assert perfect["good"] > 0.95


def test_points_are_no_bytes():
    critic = {"generator": DENSE["generator"], "critic": DENSE["discriminator"]}
    with pytest.raises(InputError, match=r"algorithm\.dequantize: points are no bytes"):
        WGAN(**critic, dequantize=True).build(POINTS)
    assert WGAN(**critic).build(POINTS).measure is not None
