"""A run whose newest checkpoint is broken goes on from the one before, and never from step 0."""

import contextlib
import os
import shutil
from dataclasses import replace

import pytest

from jaxgan.errors import InputError
from jaxgan.run.checkpoint import saved_steps
from jaxgan.run.config import Checkpoint
from jaxgan.run.opened import open_run
from jaxgan.run.session import Session
from jaxgan.system.devices import Devices
from tests.small import ALGORITHMS, small_run
from tests.test_train import final_state, train

pytestmark = pytest.mark.xdist_group("broken checkpoints")  # one worker: they share a fixture


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("broken") / "run"
    train(small_run(ALGORITHMS["gan"], out, steps=3, checkpoint=Checkpoint(every=1)))
    return out


@pytest.fixture
def out(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


def start(out, fresh=False):
    """The step that the run would go on from."""
    run = small_run(ALGORITHMS["gan"], out, steps=9)
    with contextlib.closing(Session(run, fresh, Devices(1))) as session:
        return session.restore().step


def files(folder):
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in found if path.name != "sums.json"]


def data(folder):
    """The file that holds the arrays."""
    return max(files(folder), key=lambda path: path.stat().st_size)


def without_item(folder):
    shutil.rmtree(folder / "default")


def without_files(folder):
    for path in files(folder):
        path.unlink()


def emptied(folder):
    for path in [*files(folder), folder / "sums.json"]:
        path.write_bytes(b"")


def truncated(folder):
    os.truncate(data(folder), data(folder).stat().st_size // 2)


def flipped(folder):
    """One bit of an array, which Orbax itself reads as another number."""
    path, contents = data(folder), bytearray(data(folder).read_bytes())
    contents[len(contents) // 2] ^= 1
    path.write_bytes(contents)


def stray(folder):
    shutil.rmtree(folder)
    folder.mkdir()


BREAKS = [without_item, without_files, emptied, truncated, flipped, stray]


@pytest.mark.parametrize("damage", BREAKS)
def test_the_one_before_is_used_and_the_broken_one_is_moved_alone(damage, out, capsys):
    folder = out / "checkpoints" / "3"
    damage(folder)
    left = sorted(path.name for path in folder.rglob("*"))
    assert open_run(out).step == 2
    assert folder.is_dir()  # who only reads moves nothing
    assert start(out) == 2
    said = capsys.readouterr().out
    assert "checkpoint 3 is unreadable" in said
    assert "using 2" in said
    assert saved_steps(out / "checkpoints") == [1, 2]
    aside = out / "unreadable-checkpoint-3"
    assert sorted(path.name for path in aside.rglob("*")) == left


@pytest.mark.parametrize("damage", BREAKS)
def test_without_a_healthy_one_the_run_never_starts_anew_by_itself(damage, out):
    for step in (1, 2, 3):
        damage(out / "checkpoints" / str(step))
    before = sorted(out.rglob("*"))
    for _ in range(2):  # the same command again
        with pytest.raises(InputError, match=r"no checkpoint in .* can be read .*--fresh"):
            start(out)
    assert [p for p in before if not p.exists()] == []
    assert start(out, fresh=True) == 0
    assert saved_steps(out / "checkpoints") == []


def test_nor_does_one_whose_broken_checkpoints_were_moved_before(out):
    (out / "checkpoints" / "3").rename(out / "unreadable-checkpoint-3")
    shutil.rmtree(out / "checkpoints")
    with pytest.raises(InputError, match=r"no checkpoint in .* can be read; start over"):
        start(out)


def test_a_stray_folder_and_foreign_files_change_nothing(out):
    checkpoints = out / "checkpoints"
    (checkpoints / "99999").mkdir()  # as a checkpoint that lost its contents
    (checkpoints / "77" / "photos").mkdir(parents=True)
    (checkpoints / "notes.txt").write_text("mine")
    (checkpoints / "88").write_text("a file")
    assert start(out) == 3
    train(small_run(ALGORITHMS["gan"], out, steps=5, checkpoint=Checkpoint(every=1)))
    assert saved_steps(checkpoints) == [3, 4, 5]
    names = {path.name for path in checkpoints.iterdir()}
    assert names == {"3", "4", "5", "77", "88", "notes.txt"}
    assert (out / "unreadable-checkpoint-99999").is_dir()


def test_a_run_of_before_there_were_sums_is_decoded_instead(out):
    for step in (1, 2, 3):
        (out / "checkpoints" / str(step) / "sums.json").unlink()
    assert start(out) == 3
    truncated(out / "checkpoints" / "3")
    assert start(out) == 2


def test_what_goes_on_from_the_one_before_ends_where_one_run_ends(out, tmp_path):
    flipped(out / "checkpoints" / "3")
    run = small_run(ALGORITHMS["gan"], out, steps=4)
    assert train(run) == 0
    assert train(replace(run, out=str(tmp_path / "whole"))) == 0
    expected, found = final_state(tmp_path / "whole"), final_state(out)
    assert all((expected[leaf] == found[leaf]).all() for leaf in expected)
