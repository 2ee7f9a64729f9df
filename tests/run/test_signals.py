"""Signals: the step in flight ends, an evaluation does not, and a second one ends at once."""

import os
import signal
import sys
import threading
from dataclasses import replace

import jax
import pytest

from jaxgan import cli
from jaxgan.run import evaluating
from jaxgan.run.checkpoint import saved_steps
from jaxgan.run.config import Evaluate
from jaxgan.run.logging import read_records
from jaxgan.run.signals import StoppedError, raise_if_stopped, stop_signals
from jaxgan.system import processes
from tests.run.methods import run_of
from tests.run.test_evaluating import DATA, Measured
from tests.small import ALGORITHMS, small_run
from tests.test_train import train

OWN = """
def features(images):
    return images.reshape(len(images), -1)[:, :5] / 255
"""


@pytest.mark.peers
def test_sigterm_in_an_evaluation_ends_it_within_a_batch(tmp_path, capsys, monkeypatch):
    (tmp_path / "own.py").write_text(OWN)
    every = Evaluate(every=2, n=640, metrics="fid", features=str(tmp_path / "own.py"))
    run = small_run(ALGORITHMS["gan"], tmp_path / "run", evaluate=every)
    drawn, original = [], evaluating.chunk_sampler

    def chunk_sampler(*args):
        sampler = original(*args)

        def counted(weights, chunk):
            drawn.append(chunk)
            if len(drawn) == 3:
                os.kill(os.getpid(), signal.SIGTERM)
            return sampler(weights, chunk)

        return counted

    monkeypatch.setattr(evaluating, "chunk_sampler", chunk_sampler)
    assert train(run) == signal.SIGTERM
    assert len(drawn) == 3  # of ten
    said = capsys.readouterr().out
    assert "step 2: the evaluation was cut short by a signal" in said
    assert "saved at step 2" in said
    assert saved_steps(tmp_path / "run" / "checkpoints") == [2]
    assert train(replace(run, steps=4)) == 0
    assert any(name.startswith("fid") for name in read_records(tmp_path / "run/metrics.jsonl")[-1])


def test_a_methods_own_measure_ends_too(tmp_path, monkeypatch):
    run = run_of(Measured(), tmp_path, data=DATA, steps=2, evaluate=Evaluate(every=2))

    def raise_if_stopped(received, calls=[]):  # noqa: B006
        calls.append(1)
        if len(calls) == 2:
            received.append(signal.SIGTERM)
            raise StoppedError

    monkeypatch.setattr("jaxgan.run.loop.raise_if_stopped", raise_if_stopped)
    assert train(run) == signal.SIGTERM
    assert saved_steps(tmp_path / "checkpoints") == [2]


def test_of_several_processes_none_stops_alone(monkeypatch):
    raise_if_stopped([])
    with pytest.raises(StoppedError):
        raise_if_stopped([signal.SIGTERM])
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    raise_if_stopped([signal.SIGTERM])


def test_a_second_ctrl_c_is_one_line(monkeypatch, capsys):
    def command(args):
        with stop_signals() as received:
            os.kill(os.getpid(), signal.SIGINT)
            assert received == [signal.SIGINT]
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(sys, "argv", ["jaxgan"])
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as stop:
        cli.main(command)
    assert stop.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_the_main_thread_there_are_none():
    found = []

    def work():
        with stop_signals() as received:
            found.append(received)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [[]]


def test_processes_that_have_met_meet_no_more(monkeypatch):
    monkeypatch.setattr(jax.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(jax.distributed, "initialize", lambda *args, **kwargs: pytest.fail("met"))
    processes.initialize(processes.Processes(coordinator="here:1", processes=2, process=0))
