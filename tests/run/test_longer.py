"""A finished run goes on: learning rates stay at their end, or their schedules are stretched."""

import contextlib
from dataclasses import replace

import numpy as np
import pytest

from jaxgan.algorithms import Adam
from jaxgan.errors import InputError
from jaxgan.run.opened import open_run
from jaxgan.run.session import Session
from jaxgan.system.devices import Devices
from tests.small import ALGORITHMS, small_run
from tests.test_train import final_state, train

pytestmark = pytest.mark.xdist_group("longer")  # one worker: they share a fixture


def run_of(out, schedule="linear", **fields):
    rule = Adam(lr=0.01, schedule=schedule)
    algorithm = replace(ALGORITHMS["gan"], generator_optimizer=rule, discriminator_optimizer=rule)
    run = small_run(algorithm, out, **{"steps": 2, **fields})
    return replace(run, data=replace(run.data, on_device=True))


def params(out):
    return {k: v for k, v in final_state(out).items() if "'variables'" in k}


def same(a, b):
    return all(np.array_equal(a[leaf], b[leaf]) for leaf in a)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("longer") / "run"
    train(run_of(out))
    return out


def test_it_says_what_to_raise(finished):
    for _ in range(2):
        with pytest.raises(InputError, match=r"finished \(2 of 2 steps\): raise --steps and --dec"):
            train(run_of(finished))


def test_it_goes_on_at_the_end_of_its_schedule_or_along_a_stretched_one(finished, capsys):
    at_the_end = params(finished)
    assert train(run_of(finished, steps=4)) == 0
    line = "learning rates decay over the first 2 of 4 steps and then stay at their end"
    assert line in capsys.readouterr().out
    assert open_run(finished).spec.steps == 4
    assert same(params(finished), at_the_end)  # the rate is 0, as the line says
    assert train(run_of(finished, steps=6, decay_steps=8)) == 0
    said = capsys.readouterr().out
    assert "learning rates now decay over 8 steps, no longer over 2" in said
    assert "stay at" not in said
    assert not same(params(finished), at_the_end)
    assert train(run_of(finished, steps=7)) == 0  # it remembers
    assert "learning rates" not in capsys.readouterr().out


@pytest.mark.peers
def test_a_run_in_two_parts_is_the_whole_one(tmp_path):
    """Stopped early by fewer steps, it keeps the horizon that it began with."""
    whole, parts = (run_of(tmp_path / name, steps=4) for name in ("whole", "parts"))
    train(whole)
    with contextlib.closing(Session(parts, devices=Devices(1))):
        pass  # begun as a run of four steps
    train(replace(parts, steps=2))
    train(parts)
    assert same(final_state(tmp_path / "whole"), final_state(tmp_path / "parts"))


@pytest.mark.slow
def test_a_constant_rate_needs_no_words(tmp_path, capsys):
    train(run_of(tmp_path, "constant"))
    with pytest.raises(InputError, match="raise --steps to go on"):
        train(run_of(tmp_path, "constant"))
    assert train(run_of(tmp_path, "constant", steps=3)) == 0
    assert "learning rates" not in capsys.readouterr().out
    assert all(np.isfinite(leaf).all() for leaf in params(tmp_path).values())
