"""Points along an axis."""

import jax
import pytest

from benchmarks import scaling
from tests.small import ALGORITHMS, small_run


@pytest.mark.slow
def test_bytes_of_state_on_a_device_fall_as_one_over_n(tmp_path):
    run = small_run(ALGORITHMS["dcgan"], tmp_path)
    whole = scaling.measure(run, 0.02)["state_mib"]
    shared = scaling.measure(run, 0.02, "sharded")["state_mib"]
    assert jax.device_count() == 4
    assert whole / 4 <= shared < whole / 4 * 1.1  # scalars and a few odd sizes stay whole


@pytest.mark.parametrize(
    "over,found",
    [
        ("batch", lambda run: run.data.batch_size),
        ("resolution", lambda run: run.data.image_size),
        ("n_critic", lambda run: run.algorithm.n_critic),
    ],
)
def test_a_point_changes_its_axis(over, found, tmp_path):
    assert found(scaling.at(small_run(ALGORITHMS["dcgan"], tmp_path), over, 24)) == 24


def test_the_plot_is_written(tmp_path):
    rows = [{"batch": 8, "images_per_second": 1.0}, {"batch": 16, "images_per_second": 1.5}]
    scaling.plot(tmp_path / "plot.png", "batch", rows)
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
