"""The table of modes: numbers that are known, and runs that are the command's."""

import json

import jax
import numpy as np
import pytest
from PIL import Image

from benchmarks import mixtures
from jaxgan.core import Algorithm, Function
from jaxgan.run.opened import open_run
from tests.small import ALGORITHMS, small_run
from tests.test_train import train

CONFIG = """
from dataclasses import replace
from tests.small import ALGORITHMS, small_run

def config():
    run = small_run(ALGORITHMS["points"], "unused")
    return replace(run, name="tiny", steps_per_call=4)
"""


@pytest.mark.slow
def test_a_member_is_the_run_of_its_seed(tmp_path):
    run = small_run(ALGORITHMS["r3gan"], tmp_path / "run", seed=1)
    train(run)
    expected = open_run(run.out).weights["generator"]["params"]
    _, state, _ = mixtures.train(run, 2)
    found = state.players["generator"].average["params"]
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a[1], b, rtol=1e-4, atol=1e-5), found, expected
    )


def test_the_table_has_mean_and_deviation():
    cells = [
        mixtures.Cell("gan_ring", "ring", [2, 4], [0.9, 1.0], [0.2, 0.4], [6.0, 7.0], 8, 100, 1.0),
        mixtures.Cell("mine.py", "ring", [8], [0.25], [0.1], [1.0], 8, 100, 1.0),
    ]
    lines = mixtures.table(cells).splitlines()
    assert lines[0] == "| method | ring: modes | ring: good | ring: detour |"
    assert lines[2] == "| GAN | 3.0 ± 1.4 of 8 | 95.0% ± 7.1 | 6.50 ± 0.71 |"
    assert lines[3] == "| mine.py | 8.0 ± 0.0 of 8 | 25.0% ± 0.0 | 1.00 ± 0.00 |"
    others = [cell._replace(mixture="grid") for cell in cells[:1]]
    assert mixtures.table([*cells[:1], *others]).splitlines()[2].count("3.0") == 2


def test_the_detour_is_1_for_the_optimal_map_and_more_for_another():
    def of(move):
        sample = Function(lambda weights, inputs, key: move(inputs["z"]), (), None)
        algorithm = Algorithm(None, None, {"sample": sample})
        return mixtures.detour(algorithm, {}, 2, 50)

    assert of(lambda z: 3 * z + 1) == pytest.approx(1, rel=1e-5)  # a gradient of a convex function
    assert of(lambda z: -z) > 2


@pytest.mark.slow
def test_the_command_writes_a_picture_and_the_numbers(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.py").write_text(CONFIG)
    mixtures.main(
        ["tiny.py", "--seeds", "2", "--steps", "4", "--picture", "x.png", "--out", "x.json"]
    )
    rows = json.loads((tmp_path / "x.json").read_text())
    assert [(row["mixture"], row["of"], row["steps"]) for row in rows] == [
        ("ring", 8, 4), ("grid", 25, 4),
    ]  # fmt: skip
    assert all(len(row["good"]) == 2 and 0 <= max(row["good"]) < 0.5 for row in rows)
    assert Image.open(tmp_path / "x.png").size[0] > 200
    assert "| tiny.py |" in capsys.readouterr().out


def test_reals_are_those_of_the_measure():
    assert mixtures.reals("grid").shape == (2500, 2)
    with pytest.raises(ValueError, match="no mixture 'x'"):
        mixtures.reals("x")
