"""Evaluations during the training: image metrics, a method's own measure, the best checkpoint."""

from dataclasses import dataclass, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.core import Player, TrainState
from jaxgan.data.config import Data
from jaxgan.errors import InputError
from jaxgan.evaluate import Command, evaluate
from jaxgan.measure.names import higher_is_better
from jaxgan.metrics import Mean, psnr
from jaxgan.ops.pixels import to_float, to_uint8
from jaxgan.run.checkpoint import Checkpoints
from jaxgan.run.config import Checkpoint, Evaluate
from jaxgan.run.logging import read_records
from jaxgan.run.opened import open_run
from tests.run.methods import autoencoder, run_of
from tests.small import ALGORITHMS, small_run
from tests.test_train import train

OWN = """
def features(images):
    return images.reshape(len(images), -1)[:, :5] / 255
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    every = Evaluate(every=2, n=100, metrics="fid", features=str(tmp_path / "own.py"))
    return small_run(ALGORITHMS["gan"], tmp_path / "run", evaluate=every)


NAME = "fid100_full/own/own"


def values(run):
    records = read_records(Path(run.out) / "metrics.jsonl")
    return {r["step"]: r[NAME] for r in records if NAME in r}


def test_both_numbers_are_reported_and_the_best_checkpoint_stays(run, tmp_path, capsys):
    train(run)
    found = values(run)
    assert list(found) == [2, 4, 6, 8]
    best = min(found, key=lambda step: found[step])
    said = capsys.readouterr().out
    assert f"{found[8]:.4g} at the last step 8, best (lowest) {found[best]:.4g}" in said
    trained = open_run(run.out, best=True)
    assert trained.step == best
    assert open_run(run.out).step == 8
    command = Command(
        images=run.out, best=True, n=100, metrics="fid", features=run.evaluate.features
    )
    assert evaluate(command)["metrics"][NAME] == pytest.approx(found[best], rel=1e-5)


@pytest.mark.peers
def test_a_resumed_run_knows_its_best(run):
    whole = replace(run, out=f"{run.out}-whole", checkpoint=Checkpoint(every=8))
    train(whole)
    train(replace(run, steps=4))
    train(run)
    np.testing.assert_allclose(list(values(run).values()), list(values(whole).values()), rtol=1e-6)
    assert open_run(run.out, best=True).step == open_run(whole.out, best=True).step
    a, b = (jax.tree.leaves(open_run(r.out, best=True).weights) for r in (run, whole))
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


def test_a_better_state_takes_the_place_of_any_other(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)

    def state(value):
        player = Player.create({"params": {"w": jnp.full(2, value)}}, optax.sgd(1.0))
        return TrainState.create({"generator": player})

    for step, value in ((6, 1.0), (6, 2.0), (4, 3.0)):  # rolled back to 4 after 6
        checkpoints.replace(state(value), step)
        assert checkpoints.steps() == [step]
        found = (
            checkpoints.restore(lambda step: state(0.0))
            .players["generator"]
            .variables["params"]["w"]
        )
        assert found.tolist() == [value, value]
    checkpoints.close()


def test_what_is_missing_is_known_before_the_training(run, tmp_path):
    wrong = replace(run.evaluate, reference=str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"evaluate\.reference: "):
        train(replace(run, evaluate=wrong))
    assert not (tmp_path / "run").exists()
    train(replace(run, evaluate=Evaluate()))
    with pytest.raises(InputError, match="was not evaluated"):
        open_run(run.out, best=True)


def test_a_run_with_nothing_to_measure_says_what_it_has(run):
    line = r"evaluate\.every: it draws nothing; it has the apply functions ab, ba: .*held_out 0\.1"
    with pytest.raises(InputError, match=line):
        train(small_run(ALGORITHMS["cyclegan"], run.out, evaluate=run.evaluate))
    with pytest.raises(InputError, match=r"no metrics of its images are named; .* no measure"):
        train(replace(run, evaluate=replace(run.evaluate, metrics="none")))
    assert not Path(run.out).exists()


@dataclass(frozen=True, kw_only=True)
class Measured:
    """An autoencoder that measures its reconstructions; it draws samples if it is told to."""

    draws: bool = False

    def build(self, spec):
        del spec
        made = autoencoder(8)
        reconstruct = made.functions["reconstruct"]

        def measure(weights, batch, key):
            again = reconstruct.apply(weights, {"image": to_float(batch["image"])}, key)
            error = jnp.square(again - to_float(batch["image"])).mean((1, 2, 3))
            return {
                "reconstruction_psnr": Mean.create().update(psnr(to_uint8(again), batch["image"])),
                "error": Mean.create().update(error),
            }

        functions = made.functions if self.draws else {"reconstruct": reconstruct}
        return made._replace(functions=functions, measure=measure)


DATA = Data(source="digits", image_size=8, batch_size=64, held_out=0.5)


def test_the_methods_own_measure_decides_where_it_draws_nothing(tmp_path, capsys):
    measured = run_of(Measured(), tmp_path / "run", data=DATA, evaluate=Evaluate(every=2))
    train(measured)
    records = [r for r in read_records(tmp_path / "run" / "metrics.jsonl") if "error" in r]
    assert [r["step"] for r in records] == [2, 4, 6, 8]
    best = max(records, key=lambda r: r["reconstruction_psnr"])
    assert f"best (highest) {best['reconstruction_psnr']:.4g} at step" in capsys.readouterr().out
    assert Checkpoints(tmp_path / "run" / "best").steps() == [best["step"]]


@pytest.mark.slow
def test_best_can_be_the_lowest(tmp_path):
    lowest = Evaluate(every=2, best="lowest")
    train(run_of(Measured(), tmp_path / "run", data=DATA, evaluate=lowest))
    records = [r for r in read_records(tmp_path / "run" / "metrics.jsonl") if "error" in r]
    worst = min(records, key=lambda r: r["reconstruction_psnr"])
    assert Checkpoints(tmp_path / "run" / "best").steps() == [worst["step"]]


CONFIG = """
from tests.run.test_evaluating import DATA, Measured
from tests.run.methods import run_of

def config():
    return run_of(Measured(draws=True), "x", data=DATA)
"""


def test_the_methods_own_measure_remains_where_no_image_metric_can_be(tmp_path, capsys):
    train(run_of(Measured(draws=True), tmp_path / "run", data=DATA, steps=2))
    (tmp_path / "c.py").write_text(CONFIG)
    (tmp_path / "own.py").write_text(OWN)
    features = str(tmp_path / "own.py")
    command = Command(
        images=str(tmp_path / "run"), config=str(tmp_path / "c.py"), n=20, metrics="swd"
    )
    found = evaluate(command)
    assert list(found["metrics"]) == ["reconstruction_psnr", "error"]
    assert found["images"] is None
    assert "left out swd: real: images of 8x8 have no pyramid" in capsys.readouterr().err
    with pytest.raises(InputError, match="have no pyramid"):
        evaluate(replace(command, features=features, save_statistics=str(tmp_path / "s.npz")))


@pytest.mark.slow
def test_image_metrics_come_first_where_it_has_both(run, tmp_path):
    both = Evaluate(every=4, n=100, metrics="fid", features=run.evaluate.features)
    own = replace(both, metrics="none")
    for name, protocol, first in (("a", both, NAME), ("b", own, "reconstruction_psnr")):
        out = tmp_path / name
        train(run_of(Measured(draws=True), out, data=DATA, evaluate=protocol, steps=4))
        (record,) = [r for r in read_records(out / "metrics.jsonl") if "error" in r]
        assert next(k for k in record if k in (NAME, "reconstruction_psnr")) == first


def test_a_measure_without_examples_is_an_error(tmp_path):
    lacks = run_of(Measured(), tmp_path / "run", evaluate=Evaluate(every=2))
    with pytest.raises(InputError, match=r"evaluate\.every: .* --data\.held_out 0\.1"):
        train(lacks)


@pytest.mark.parametrize(
    "name,higher",
    [
        ("accuracy", True),
        ("classes/mean_iou", True),
        ("psnr", True),
        ("ms_ssim", True),
        ("auc", True),
        ("mixture/overlap", True),
        ("loss", False),
        ("psnr_error", False),
        ("curious", False),
        ("mse", False),
    ],
)
def test_which_is_better(name, higher):
    assert higher_is_better(name) == higher
