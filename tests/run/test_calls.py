"""How many steps one compiled call takes."""

from dataclasses import replace

import numpy as np
import pytest

from jaxgan.core import several
from jaxgan.run import programs
from jaxgan.run.calls import steps_per_call
from jaxgan.run.config import Checkpoint, Evaluate, Log, Run, Sample
from jaxgan.run.loop import train
from tests.small import ALGORITHMS, small_run

BATCH = {"image": np.zeros((64, 28, 28, 1), np.uint8)}
EVERY = {"checkpoint": Checkpoint(every=96), "sample": Sample(every=48), "log": Log(every=48)}
RUN = Run(algorithm=ALGORITHMS["gan"], steps=480, **EVERY)


@pytest.mark.parametrize("backend,most", [("cpu", 8), ("gpu", 16), ("tpu", 16)])
def test_as_many_as_divide_the_intervals_the_steps_and_the_legs(backend, most):
    def chosen(*bounds, **changes):
        return steps_per_call(replace(RUN, **changes), BATCH, bounds, backend)

    assert chosen() == most
    assert chosen(steps=470) == 2
    assert chosen(log=Log(every=45)) == 3
    assert chosen(evaluate=Evaluate(every=18)) == 6
    assert chosen(0, 20) == 4
    assert chosen(steps=481) == 1
    assert chosen(steps_per_call=3) == 3
    assert chosen(steps_per_call=1) == 1


def test_large_batches_are_not_stacked():
    def of(size, backend):
        return steps_per_call(RUN, {"image": np.zeros((size, 2**10), np.uint8)}, (), backend)

    assert [of(size, "cpu") for size in (2**7, 2**8, 2**9, 2**10, 2**11)] == [8, 4, 2, 1, 1]
    assert [of(size, "gpu") for size in (2**12, 2**13, 2**17)] == [16, 8, 1]


def test_the_loop_takes_the_chosen_number_and_logs_each_interval(tmp_path, monkeypatch):
    counts = []
    monkeypatch.setattr(
        programs, "several", lambda step, count: counts.append(count) or several(step, count)
    )
    every = {"checkpoint": Checkpoint(every=8), "sample": Sample(every=8), "log": Log(every=4)}
    run = small_run(ALGORITHMS["points"], tmp_path / "run", steps_per_call=None, **every)
    assert train(run) == 0
    assert counts == [4]
    assert sorted(p.name for p in (tmp_path / "run" / "checkpoints").iterdir()) == ["8"]
