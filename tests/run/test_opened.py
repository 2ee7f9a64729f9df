"""A run opened in Python: its functions, from any thread, without its data."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxgan
from jaxgan.core import Algorithm, Aux, Feature, Function, Player, TrainState, minimize
from jaxgan.data.config import Data
from jaxgan.errors import InputError
from jaxgan.run.opened import open_run
from tests.run.methods import run_of
from tests.small import ALGORITHMS, small_run
from tests.test_train import train

pytestmark = pytest.mark.xdist_group("opened")  # one worker: they share a fixture


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    out = tmp_path_factory.mktemp("opened") / "run"
    train(small_run(ALGORITHMS["cgan"], out, steps=2))
    return out


def test_samples_depend_on_seed_place_and_label_alone(out):
    run = jaxgan.load(out)
    assert run.step == 2
    images = run.sample(70)
    assert (images.shape, images.dtype) == ((70, 8, 8, 1), np.uint8)
    np.testing.assert_array_equal(run.sample(3), images[:3])
    assert (run.sample(3, seed=1) != images[:3]).any()
    threes = run.sample(14, label=3)
    np.testing.assert_array_equal(threes[[3, 13]], images[[3, 13]])
    assert (threes[4] != images[4]).any()


def test_bad_questions_are_one_line(out):
    run = open_run(out)
    for question, match in [
        (lambda: run.sample(0), "n: 0 is below 1"),
        (lambda: run.sample(1, label=10), "label: 10 is not a class"),
        (lambda: run.apply("sampel", []), "the run has no sampel; did you mean sample"),
        (lambda: run.apply("sample", []), "sample draws samples"),
    ]:
        with pytest.raises(InputError, match=match):
            question()


def test_threads_share_a_run_and_no_mesh_is_left_behind(out):
    run = open_run(out)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda seed: run.sample(5, seed=seed), [0, 1, 2, 0, 1, 2]))
    for first, second in zip(found[:3], found[3:], strict=True):
        np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(found[1], run.sample(5, seed=1))
    assert jax.sharding.get_abstract_mesh().empty


def test_opening_reads_no_data_and_writes_nothing(out, monkeypatch):
    def fails(*args, **kwargs):
        raise AssertionError("the data were opened")

    monkeypatch.setattr("jaxgan.data.sources.opening.open_streams", fails)
    monkeypatch.setattr("jaxgan.data.dataset.open_streams", fails)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    open_run(out).sample(1)
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*")}


def test_averaged_weights_are_the_averages(out):
    last, averaged = (open_run(out, averaged=a).weights["generator"] for a in (False, True))
    assert jax.tree.structure(last) == jax.tree.structure(averaged)
    assert any((a != b).any() for a, b in zip(*map(jax.tree.leaves, (last, averaged)), strict=True))


def test_a_spec_of_another_jaxgan_is_one_line(out, tmp_path):
    content = json.loads((out / "config.json").read_text())
    content["spec"]["features"]["image"]["colour"] = 1
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"config\.json was made by another jaxgan"):
        open_run(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**content, "jaxgan": 2}))
    with pytest.raises(InputError, match=r"is of version 2; this jaxgan reads 1"):
        open_run(tmp_path)


@dataclass(frozen=True, kw_only=True)
class Doubling:
    """Predicts a row from itself: learns a scale."""

    def build(self, spec):
        row = spec.features["row"]

        def init(key, batch):
            del key, batch
            player = Player.create({"params": jnp.ones(2)}, optax.sgd(0.1))
            return TrainState.create({"net": player})

        def loss(given, batch, key):
            del key
            y = given.variables["net"]["params"][None] * batch["row"]
            return jnp.mean((y - 2 * batch["row"]) ** 2), Aux()

        def predict(weights, inputs, key):
            del key
            return weights["net"]["params"][None] * inputs["row"]

        def both(weights, inputs, key):
            return jnp.mean(predict(weights, inputs, key), 1) + inputs["label"]

        functions = {
            "predict": Function(predict, ("row",), row),
            "both": Function(both, ("row", "label"), Feature("array", ())),
        }
        return Algorithm(init, minimize("net", loss, optax.sgd(0.1)), functions)


CONFIG = """
from tests.run.test_opened import Doubling
from tests.run.methods import run_of

def config():
    return run_of(Doubling(), "x")
"""


def test_rows_are_standardised_on_the_way_in_and_back_on_the_way_out(tmp_path, capsys):
    rng = np.random.default_rng(0)
    rows = rng.normal((5.0, -100.0), (2.0, 50.0), (40, 2)).astype(np.float32)
    lines = [f"{a},{b},{i % 2}" for i, (a, b) in enumerate(rows)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y,kind", *lines]))
    data = Data(source=f"table:{tmp_path / 't.csv'}", target="kind", batch_size=8)
    train(run_of(Doubling(), tmp_path / "run", data=data, steps=2))
    assert "diversity" not in capsys.readouterr().out
    assert not (tmp_path / "run" / "samples.png").exists()
    (tmp_path / "t.csv").unlink()
    (tmp_path / "c.py").write_text(CONFIG)
    run = open_run(tmp_path / "run", config_file=str(tmp_path / "c.py"))
    weights = run.weights["net"]["params"]
    mean, std = rows.mean(0), rows.std(0)
    expected = (rows - mean) / std * weights * std + mean
    np.testing.assert_allclose(run.apply("predict", rows), expected, rtol=1e-3, atol=1e-2)
    both = run.apply("both", {"row": rows, "label": np.ones(40, np.int32)})
    np.testing.assert_allclose(both, ((rows - mean) / std * weights).mean(1) + 1, atol=1e-3)
    with pytest.raises(InputError, match="both takes row, label: add label"):
        run.apply("both", {"row": rows})
