"""Averages by power functions: their widths, and any width after training."""

import jax
import numpy as np
import pytest

from jaxgan.average import main
from jaxgan.core.power import MEMORY, coefficients, exponent
from jaxgan.errors import InputError
from jaxgan.run.averages import reconstruct, stored
from jaxgan.run.config import Averages
from jaxgan.run.opened import open_run, read_state
from tests.small import ALGORITHMS, small_run
from tests.test_train import train

pytestmark = pytest.mark.xdist_group("averages")  # one worker: they share a fixture


@pytest.mark.parametrize("width", [0.05, 0.1, 0.2])
def test_the_width_is_the_deviation_of_the_weights(width):
    gamma = exponent(width)
    s = (np.arange(200_000) + 0.5) / 200_000
    p = s**gamma / (s**gamma).sum()
    mean = (p * s).sum()
    assert np.sqrt((p * (s - mean) ** 2).sum()) == pytest.approx(width, rel=1e-4)


def power_average(path, gamma):
    """The recursion itself, in float64."""
    average = np.zeros_like(path[0])
    for t, theta in enumerate(path, start=1):
        b = (1 - 1 / t) ** (gamma + 1)
        average = b * average + (1 - b) * theta
    return average


def test_any_width_is_made_of_two_that_were_kept():
    rng = np.random.default_rng(0)
    path = rng.normal(size=(800, 50)).cumsum(0)  # a random walk, as parameters go
    kept = [exponent(0.05), exponent(0.1)]
    steps = [100, 200, 300, 400, 500, 600, 700, 800]
    found = np.array([[power_average(path[:t], g) for g in kept] for t in steps])
    for width in (0.03, 0.07, 0.15):
        gamma = exponent(width)
        weights = coefficients(
            np.repeat(np.array(steps, float), 2), np.tile(kept, len(steps)), 800.0, gamma
        )
        made = weights @ found.reshape(-1, 50)
        wanted = power_average(path, gamma)
        last = np.linalg.norm(path[-1] - wanted)  # what no average at all misses by
        assert np.linalg.norm(made - wanted) < 0.12 * last
    weights = coefficients(np.array([400.0, 800.0]), np.array([kept[0]] * 2), 800.0, kept[0])
    np.testing.assert_allclose(weights, [0, 1], atol=1e-6)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("averages") / "run"
    train(small_run(ALGORITHMS["gan"], out, steps=12, averages=Averages(every=3)))
    return out


def test_a_run_stores_its_averages_and_makes_another_of_them(run, tmp_path, capsys):
    assert list(stored(run)) == [3, 6, 9, 12]
    main([str(run), "--width", "0.1", "--out", str(tmp_path / "new")])
    assert capsys.readouterr().out.endswith("new: width 0.1 at step 12 of 4 stored averages\n")
    kept = read_state(run)[3].memory[MEMORY][1]  # of width .1, at the last step
    made = open_run(tmp_path / "new").weights["generator"]
    for a, b in zip(jax.tree.leaves(kept["params"]), jax.tree.leaves(made["params"]), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    own = open_run(run)
    other = open_run(tmp_path / "new")
    assert other.step == own.step == 12
    assert not np.array_equal(other.sample(4), own.sample(4))


def test_a_resumed_run_stores_the_same(run, tmp_path):
    out = tmp_path / "run"
    first = small_run(ALGORITHMS["gan"], out, steps=8, averages=Averages(every=3))
    train(first)
    train(small_run(ALGORITHMS["gan"], out, steps=12, averages=Averages(every=3)))
    for step in (3, 6, 9, 12):
        assert stored(out)[step].read_bytes() == stored(run)[step].read_bytes()


def test_bad_input_is_one_line(run, tmp_path):
    for width in (0.0, 0.3, float("nan")):
        with pytest.raises(InputError, match=r"^width: .* is not in \(0, 0\.28\]"):
            reconstruct(run, width, tmp_path / "new")
    with pytest.raises(InputError, match=r"^out: .* name a new directory"):
        reconstruct(run, 0.1, run)
    plain = tmp_path / "plain"
    train(small_run(ALGORITHMS["gan"], plain, steps=4))
    with pytest.raises(InputError, match=r"^run: .* stored no averages; train it with --averages"):
        reconstruct(plain, 0.1, tmp_path / "new")
    critic = Averages(every=2, player="critic")
    critic = small_run(ALGORITHMS["gan"], tmp_path / "x", averages=critic)
    with pytest.raises(InputError, match=r"^averages\.player: there is no critic; use one of"):
        train(critic)
