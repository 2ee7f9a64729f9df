"""Opening a run to train it: one writer, directories after a kill, and training from Python."""

import threading
from dataclasses import replace

import pytest

import jaxgan
from jaxgan.errors import InputError
from jaxgan.run import directory
from jaxgan.run.logging import read_records
from jaxgan.run.session import Session
from jaxgan.system.devices import Devices
from tests.run.methods import Silent, run_of
from tests.small import ALGORITHMS, small_run
from tests.test_train import CrashError


def small(out, **fields):
    return small_run(ALGORITHMS["gan"], out, steps=2, **fields)


def test_a_second_writer_is_told_and_changes_nothing(tmp_path):
    first = Session(small(tmp_path), devices=Devices(1))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(InputError, match=r"out: another process is training in .*"):
        Session(small(tmp_path), devices=Devices(1))
    with pytest.raises(InputError, match=r"out: another process is training in .*"):
        Session(small(tmp_path), fresh=True, devices=Devices(1))
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    first.close()
    Session(small(tmp_path), devices=Devices(1)).close()


def test_a_run_that_fails_to_start_lets_go_of_its_directory(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:

        def fails(*args, **kwargs):
            raise CrashError

        patch.setattr(directory, "prepare", fails)
        with pytest.raises(CrashError):
            Session(small(tmp_path), devices=Devices(1))
    Session(small(tmp_path), devices=Devices(1)).close()


@pytest.mark.parametrize("entries", [[".lock"], [".lock", ".config.json.part"]])
@pytest.mark.parametrize("fresh", [False, True])
def test_a_directory_of_a_run_that_was_killed_at_its_start_is_a_new_one(entries, fresh, tmp_path):
    for entry in entries:
        (tmp_path / entry).touch()
    Session(small(tmp_path), fresh, Devices(1)).close()
    assert (tmp_path / "config.json").is_file()


def test_its_config_comes_first(tmp_path, monkeypatch):
    def killed(path, data):
        raise CrashError

    monkeypatch.setattr(directory, "write_whole", killed)
    with pytest.raises(CrashError):
        Session(small(tmp_path), devices=Devices(1))
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_training_in_a_thread_from_python(tmp_path):
    found = []

    def work():
        found.append(jaxgan.train(small(tmp_path), devices=Devices(1)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [0]
    assert read_records(tmp_path / "metrics.jsonl")[-1]["step"] == 2


def test_a_method_without_functions_and_sheets_trains(tmp_path, capsys):
    run = run_of(Silent(), tmp_path, steps=2)
    assert jaxgan.train(run, devices=Devices(1)) == 0
    assert capsys.readouterr().out.strip().endswith(f"done: {tmp_path}")
    assert not (tmp_path / "samples.png").exists()
    assert "diversity" not in read_records(tmp_path / "metrics.jsonl")[-1]
    with pytest.raises(InputError, match="finished"):
        jaxgan.train(replace(run), devices=Devices(1))
