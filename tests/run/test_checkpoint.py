"""Checkpoints: what they hold, and that nobody takes a healthy one away."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from jaxgan.core import Player, TrainState
from jaxgan.errors import InputError
from jaxgan.run.checkpoint import ITEM, Checkpoints, abstract, read_newest, saved_steps
from jaxgan.system.devices import Devices


def state(step, shape=(300, 100), **fields):
    players = {"net": Player({"params": {"w": np.full(shape, float(step), np.float32)}}, ())}
    return TrainState(np.int32(step), players, {"count": np.int32(7)}, **fields)


@pytest.fixture
def folder(tmp_path):
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    for step in (1, 2, 3):
        checkpoints.save(Devices(1).everywhere(state(step)), step)
    checkpoints.close()
    return tmp_path / "checkpoints"


def restored(folder, shape=(300, 100), say=print):
    checkpoints = Checkpoints(folder, say=say)
    like = state(0, shape)
    try:
        return checkpoints.restore(lambda step: abstract(like, Devices(1).of_state(like)))
    finally:
        checkpoints.close()


def read(folder, shape=(300, 100), say=print):
    return read_newest(folder, lambda step: state(0, shape), say)


def truncate(folder, step):
    files = (path for path in (folder / str(step) / ITEM).rglob("*") if path.is_file())
    largest = max(files, key=lambda path: path.stat().st_size)
    with largest.open("r+b") as file:
        file.truncate(largest.stat().st_size // 2)


def names(folder):
    return sorted(str(path.relative_to(folder.parent)) for path in folder.parent.rglob("*"))


@pytest.mark.parametrize("open_", [restored, read])
def test_the_newest_is_given(open_, folder):
    found = open_(folder)
    assert int(found.step) == 3
    assert int(found.memory["count"]) == 7
    np.testing.assert_array_equal(found.players["net"].variables["params"]["w"], 3.0)


def test_what_is_saved_is_step_players_and_memory(tmp_path):
    big = {"w": np.zeros((1000, 1000), np.float32)}
    whole = state(1, frozen=big, rows={"fake": big["w"]}, clock=np.int32(1))
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(Devices(1).everywhere(whole), 1)
    checkpoints.close()
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 200_000
    assert read(tmp_path).frozen is None


@pytest.mark.parametrize("open_", [restored, read])
def test_other_arrays_are_an_error_that_names_the_first_and_nothing_is_moved(open_, folder):
    before = names(folder)
    match = r"players/net/variables/params/w is shape \(300, 100\) there and shape \(9, 9\) here"
    with pytest.raises(InputError, match=match):
        open_(folder, (9, 9))
    assert names(folder) == before
    with pytest.raises(
        InputError, match=r"memory/count is shape \(\) there and no such array here"
    ):
        read_newest(folder, lambda step: state(0).replace(memory={}))


@pytest.mark.parametrize(
    "error", [OSError(5, "I/O error"), MemoryError(), ValueError("RESOURCE_EXHAUSTED")]
)
@pytest.mark.parametrize("open_", [restored, read])
def test_an_error_of_the_machine_proves_nothing(open_, error, folder, monkeypatch):
    def fails(checkpoint):
        raise error

    monkeypatch.setattr("jaxgan.run.sums.differing", fails)
    before = names(folder)
    with pytest.raises(type(error)):
        open_(folder)
    assert names(folder) == before


def test_a_damaged_one_is_set_aside_in_training_only(folder):
    truncate(folder, 3)
    said, before = [], names(folder)
    assert int(read(folder, say=said.append).step) == 2
    assert "checkpoint 3 is unreadable" in said[0]
    assert names(folder) == before
    assert int(restored(folder, say=said.append).step) == 2
    assert "moved to" in said[1]
    assert (folder.parent / "unreadable-checkpoint-3").is_dir()
    assert saved_steps(folder) == [1, 2]


@pytest.mark.parametrize("open_", [restored, read])
def test_all_damaged_is_an_error_that_names_the_folder(open_, folder):
    for step in (1, 2, 3):
        truncate(folder, step)
    with pytest.raises(InputError, match=r"no checkpoint in .*checkpoints can be read"):
        open_(folder)


def test_a_reader_passes_over_what_the_writer_removes_meanwhile(folder):
    gone = []

    def like(step):
        if not gone:
            gone.append(step)
            shutil.rmtree(folder / str(step))
        return state(0)

    assert int(read_newest(folder, like).step) == 2
    assert gone == [3]


def test_without_any_there_is_none(tmp_path):
    assert read(tmp_path / "nowhere") is None
    assert restored(tmp_path / "new") is None


def test_a_best_state_takes_the_place_of_another_of_its_step(folder):
    checkpoints = Checkpoints(folder)
    other = replace(state(3), memory={"count": np.int32(9)})
    checkpoints.replace(Devices(1).everywhere(other), 3)
    checkpoints.close()
    assert saved_steps(folder) == [3]
    assert int(read(folder).memory["count"]) == 9
