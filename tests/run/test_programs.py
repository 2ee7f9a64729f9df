"""A run cut into calls."""

import pytest

from jaxgan.run.programs import stretches


@pytest.mark.parametrize("start", range(9))
@pytest.mark.parametrize("steps", [9, 12, 13])
@pytest.mark.parametrize("per_call", [1, 3, 4, 20])
def test_stretches_cover_every_step_once_and_whole_calls_begin_at_multiples(start, steps, per_call):
    covered = []
    for begin, end, count in stretches(start, steps, per_call):
        assert (end - begin) % count == 0
        assert count == 1 or begin % per_call == 0
        covered += range(begin, end)
    assert covered == list(range(start, steps))


def test_the_most_steps_are_in_whole_calls():
    assert stretches(3, 22, 4) == [(3, 4, 1), (4, 20, 4), (20, 22, 1)]
