"""Evaluations during the training: both numbers, and the best checkpoint beside the newest."""

from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.core import Player, TrainState
from jaxgan.errors import InputError
from jaxgan.evaluate import Command, evaluate
from jaxgan.run.checkpoint import Checkpoints
from jaxgan.run.config import Checkpoint, Evaluate
from jaxgan.run.logging import read_records
from jaxgan.run.opened import open_run
from jaxgan.train import train
from tests.small import ALGORITHMS, small_run

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
    assert f"{found[8]:.4g} at the last step 8, best {found[best]:.4g} at step {best}" in said
    trained = open_run(run.out, best=True)
    assert trained.step == best
    assert open_run(run.out).step == 8
    command = Command(
        images=run.out, best=True, n=100, metrics="fid", features=run.evaluate.features
    )
    assert evaluate(command)["metrics"][NAME] == pytest.approx(found[best], rel=1e-5)


def test_a_resumed_run_knows_its_best(run):
    whole = replace(run, out=f"{run.out}-whole", checkpoint=Checkpoint(every=8))
    train(whole)
    train(replace(run, steps=4))
    train(run)
    np.testing.assert_allclose(list(values(run).values()), list(values(whole).values()), rtol=1e-6)
    assert open_run(run.out, best=True).step == open_run(whole.out, best=True).step
    a, b = (jax.tree.leaves(open_run(r.out, best=True).variables) for r in (run, whole))
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
        found = checkpoints.restore(state(0.0)).players["generator"].variables["params"]["w"]
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


def test_a_run_that_translates_is_measured_as_a_folder(run):
    with pytest.raises(InputError, match="translates images"):
        train(small_run(ALGORITHMS["cyclegan"], run.out, evaluate=run.evaluate))
