"""Frozen weights: arguments of the program, in no checkpoint, and the same ones when it resumes."""

import json
from dataclasses import replace

import jax
import numpy as np
import pytest

from jaxgan.core import advance
from jaxgan.errors import InputError
from jaxgan.run.opened import open_run
from jaxgan.run.session import Session
from jaxgan.system.devices import Devices
from tests.run.methods import CODE, Taught, run_of, write_weights
from tests.test_train import assert_same_runs, crash, train

pytestmark = pytest.mark.xdist_group("frozen")  # one worker: they share a fixture

COLUMNS = 50_000
BYTES = 4 * CODE * COLUMNS


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frozen")
    run = run_of(Taught(file=write_weights(folder / "w.bin", 0, COLUMNS)), folder / "run")
    train(run)
    return run


def size(path):
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def test_they_are_in_no_checkpoint_and_their_file_and_hash_are_kept(run, tmp_path):
    out = tmp_path.__class__(run.out)
    assert size(out) < BYTES
    kept = json.loads((out / "frozen.json").read_text())["teacher"]
    assert kept["file"] == run.algorithm.file
    assert len(kept["sha256"]) == 64


def test_they_are_no_constant_of_the_program(run, tmp_path):
    session = Session(replace(run, out=str(tmp_path)), devices=Devices(1))
    stage, state = session.stages[0], session.restore().state
    session.close()
    batch = {k: np.asarray(v) for k, v in stage.programs.first().items()}
    lowered = session.devices.lower(
        advance(stage.leg.algorithm), 0, state, batch, jax.random.key(0)
    )
    assert len(lowered.as_text()) < BYTES / 10
    memory = lowered.compile().memory_analysis()
    assert memory.argument_size_in_bytes > BYTES
    assert memory.generated_code_size_in_bytes < BYTES


def test_killed_and_resumed_it_ends_the_same(run, tmp_path, monkeypatch):
    again = replace(run, out=str(tmp_path))
    crash(monkeypatch, again, at=5)
    train(again)
    assert_same_runs(tmp_path.__class__(run.out), tmp_path)


def test_other_weights_are_refused_in_one_line(run, tmp_path, monkeypatch):
    file = write_weights(tmp_path / "w.bin")
    first = run_of(Taught(file=file), tmp_path / "run")
    crash(monkeypatch, first, at=3)
    before = sorted(tmp_path.rglob("*"))
    write_weights(tmp_path / "w.bin", seed=1)
    match = (
        r"trained with frozen weights 'teacher' of SHA-256 \w{12} \(.*w\.bin\), and .* has \w{12}"
    )
    with pytest.raises(InputError, match=match):
        train(first)
    (tmp_path / "c.py").write_text(
        "from tests.run.methods import Taught, run_of\n\n\n"
        f"def config():\n    return run_of(Taught(file={file!r}), 'x')\n"
    )
    with pytest.raises(InputError, match=match):
        open_run(first.out, config_file=str(tmp_path / "c.py"))
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "c.py"])
