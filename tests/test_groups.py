"""Tests that share a fixture run on one worker: pytest-xdist with ``--dist loadgroup``.

pytest-xdist 3.8 does not group under pytest 9.2, without a word; each worker then makes the fixture
again.
"""

import pytest


@pytest.mark.xdist_group("groups")
@pytest.mark.parametrize("case", range(6))
def test_a_group_stays_on_one_worker(case, tmp_path_factory, worker_id, testrun_uid):
    place = tmp_path_factory.getbasetemp()
    place = place if worker_id == "master" else place.parent  # the workers' common folder
    file = place / f"workers-{testrun_uid}"
    with file.open("a") as lines:
        lines.write(f"{worker_id}\n")
    assert set(file.read_text().split()) == {worker_id}, case
