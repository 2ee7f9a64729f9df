"""What a config may say, and what a resumed run may change."""

from dataclasses import replace

import pytest

from jaxgan.data.config import Data
from jaxgan.errors import InputError
from jaxgan.run import config
from jaxgan.system.devices import Parallel
from tests.small import ALGORITHMS, small_run


def test_a_call_of_several_steps_must_divide_the_intervals():
    run = small_run(ALGORITHMS["gan"], "out", steps_per_call=3)
    with pytest.raises(InputError, match=r"steps_per_call: 3 does not divide checkpoint\.every 4"):
        config.check(run)


def test_a_resumed_run_may_change_calls_placement_and_processes():
    run = small_run(ALGORITHMS["gan"], "out")
    data = replace(run.data, on_device=True)
    other = replace(run, data=data, steps_per_call=2, parallel=Parallel(state="sharded"))
    assert config.differences(config.encode(run), other) == []
    other = replace(run, data=Data(image_size=12, batch_size=8))
    assert config.differences(config.encode(run), other) != []


def test_a_field_that_an_old_config_does_not_know_has_its_default():
    run = small_run(ALGORITHMS["gan"], "out")
    old = config.encode(run)
    del old["seed"], old["data"]["jitter"]
    assert config.differences(old, run) == []
    assert config.differences(old, replace(run, seed=3)) == ["seed was 0 and is now 3"]
