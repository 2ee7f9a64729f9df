"""A full disk: one line each time, nothing left that keeps it full, and a resume says so.

A file size limit stands for the disk: a state does not fit and small files do.
"""

import contextlib
import resource
from dataclasses import replace

import pytest

from jaxgan.errors import InputError
from jaxgan.nets import MLPDiscriminator, MLPGenerator
from jaxgan.run import averages
from jaxgan.run.checkpoint import Checkpoints, saved_steps
from jaxgan.run.config import Averages, Checkpoint, Sample
from tests.small import ALGORITHMS, small_run
from tests.test_train import train


@contextlib.contextmanager
def limit(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def run(tmp_path):
    wide = {"generator": MLPGenerator(hidden=64), "discriminator": MLPDiscriminator(hidden=64)}
    algorithm = replace(ALGORITHMS["gan"], **wide)
    run = small_run(
        algorithm, tmp_path, steps=3, checkpoint=Checkpoint(every=1), sample=Sample(every=1)
    )
    return replace(run, data=replace(run.data, on_device=True))


def test_each_failure_is_a_line_and_leaves_nothing(run, tmp_path, capfd, monkeypatch):
    with contextlib.ExitStack() as stack:

        def save(self, state, step, original=Checkpoints.save):
            if step == 2:
                self.wait()
                stack.enter_context(limit(20_000))
            original(self, state, step)

        monkeypatch.setattr(Checkpoints, "save", save)
        with pytest.raises(InputError, match=r"step 3, could not be saved.* goes on from step 1"):
            train(run)
    said = capfd.readouterr()
    text = said.out + said.err
    assert text.count("was not saved") == 2
    assert "Traceback" not in text
    assert "Error: " not in text
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["1"]
    monkeypatch.undo()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with limit(100), pytest.raises(InputError, match=r"out: .* cannot be written \(File too large"):
        train(run)
    assert all(path.read_bytes() == data for path, data in before.items() if path.name != ".lock")
    assert train(run) == 0
    assert saved_steps(tmp_path / "checkpoints") == [1, 2, 3]


def test_averages_that_do_not_fit_are_a_line(run, tmp_path, capfd, monkeypatch):
    def store(out, values, step, original=averages.store):
        with limit(2_000 if step == 2 else 10_000_000):
            original(out, values, step)

    monkeypatch.setattr(averages, "store", store)
    assert train(replace(run, averages=Averages(every=1))) == 0
    said = capfd.readouterr()
    line = "step 2: the averages were not stored: File too large; the run goes on"
    assert said.out.count("averages were not stored") == 1
    assert line in said.out
    assert "Traceback" not in said.out + said.err
    assert list(averages.stored(tmp_path)) == [1, 3]
    assert len(list((tmp_path / "averages").iterdir())) == 2


def test_what_a_killed_save_left_is_removed_at_the_next_start(run, tmp_path):
    train(run)
    parts = ["checkpoints/9.orbax-checkpoint-tmp/default", "best/7.orbax-checkpoint-tmp-deleted"]
    for part in parts:
        (tmp_path / part).mkdir(parents=True)
    (tmp_path / ".metrics.jsonl.123.part").touch()
    (tmp_path / "samples" / ".00000001.png.123.part").touch()
    train(replace(run, steps=4))
    names = {path.name for path in tmp_path.rglob("*")}
    assert not [name for name in names if "tmp" in name or name.endswith(".part")]
