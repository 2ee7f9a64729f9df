"""Whose files they are: --fresh deletes the run's own, and one process writes at a time."""

import os
import pathlib
import subprocess
import sys
import tempfile
from dataclasses import replace

import pytest

from jaxgan.errors import InputError
from jaxgan.run import directory
from jaxgan.run.clearing import clear
from jaxgan.run.config import Checkpoint, Sample
from jaxgan.run.lock import lock
from jaxgan.run.session import Session
from jaxgan.system.devices import Devices
from tests.conftest import ROOT
from tests.small import ALGORITHMS, small_run
from tests.test_train import train


def small(out, **fields):
    run = small_run(
        ALGORITHMS["gan"], out, steps=2, checkpoint=Checkpoint(every=1), sample=Sample(every=1),
        **fields,
    )  # fmt: skip
    return replace(run, data=replace(run.data, on_device=True))


MINE = [
    "notes.txt", "samples/mine.png", "samples/best/x.png", "checkpoints/notes.txt",
    "checkpoints/77/photo.png", "tensorboard/plan.txt", "best/mine", "unreadable-checkpoint-x",
]  # fmt: skip


def test_fresh_deletes_what_the_run_wrote_and_nothing_else(tmp_path):
    train(small(tmp_path))
    (tmp_path / "unreadable-checkpoint-9-again").mkdir()
    for name in MINE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    clear(tmp_path)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*MINE, "config.json", ".lock"}  # a kill here leaves a run that starts again
    train(small(tmp_path), fresh=True)
    assert all((tmp_path / name).read_text() == "mine" for name in MINE)


def test_a_kill_before_the_config_leaves_a_directory_that_starts(tmp_path):
    (tmp_path / f".{directory.CONFIG}.4321.part").write_text('{"jax')
    (tmp_path / ".lock").touch()
    for fresh in (False, True):
        Session(small(tmp_path), fresh, Devices(1)).close()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        ".lock", "checkpoints", "config.json", "samples",
    ]  # fmt: skip


def test_a_second_writer_is_told_who_the_first_is(tmp_path):
    held = lock(tmp_path)
    with pytest.raises(InputError, match=rf"training in .* \(process {os.getpid()} on .* since 20"):
        lock(tmp_path)
    held.release()
    lock(tmp_path).release()


def test_a_lock_of_a_killed_process_is_free(tmp_path):
    code = "import os, sys, pathlib; from jaxgan.run.lock import lock;"
    code += "held = lock(pathlib.Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT)
    assert done.returncode == -9
    lock(tmp_path).release()


def test_two_runs_of_one_second_have_two_directories(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("jaxgan.run.directory.time.strftime", lambda form: "20260101-000000")
    first, second = (Session(replace(small(""), out=None), devices=Devices(1)) for _ in range(2))
    assert first.out.name == "run-20260101-000000"
    assert second.out.name == "run-20260101-000000-2"
    first.close()
    second.close()


@pytest.fixture
def place():
    """A directory outside of pytest's own, which only their owner may enter."""
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        place.chmod(0o755)
        yield place / "run"


def test_a_directory_that_cannot_be_written_is_named(place):
    train(small(place))
    before = sorted(place.rglob("*"))
    place.chmod(0o555)
    try:
        if not os.getuid():
            os.seteuid(65534)  # no permission stops root
        for out in (place, place / "new"):
            with pytest.raises(InputError, match=rf"out: {out} cannot be written \(Permission"):
                Session(replace(small(out), steps=3), devices=Devices(1))
    finally:
        if not os.getuid():
            os.seteuid(0)
        place.chmod(0o755)
    assert sorted(place.rglob("*")) == before
