"""The README's code runs, and its commands name what exists."""

import re

import jax
import numpy as np
import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
GAN, METRICS = re.findall(r"```python\n(.*?)```", README, re.S)


def test_the_gan_of_your_own_learns_the_circle():
    assert sum(bool(line.strip()) for line in GAN.splitlines()) <= 45
    names = {}
    with jax.numpy_rank_promotion("allow"):  # flax's Dense adds its bias by promotion
        exec(GAN, names)
    state = names["state"]
    variables = {name: player.variables for name, player in state.players.items()}
    points = np.asarray(names["fakes"](variables, jax.random.key(7)))
    radius = np.linalg.norm(points, axis=1)
    assert abs(np.median(radius) - 1) < 0.15
    assert np.linalg.norm(points.mean(0)) < 0.4  # all around, not in one place


def test_the_metrics_of_your_own_code_are_printed(capsys):
    exec(METRICS, {})
    distance, rest = capsys.readouterr().out.split("\n", 1)
    assert float(distance) == pytest.approx(1.68, abs=0.2)  # .64, and 64 65 / 4,000 of bias
    assert len(re.findall(r"\d\.\d+", rest)) == 4


def test_configs_and_files_that_it_names_exist():
    for name in re.findall(r"configs/(\w+)\.py", README):
        assert (ROOT / "configs" / f"{name}.py").is_file()
    listed = set(re.findall(r"`((?:w|c|dc|cycle)?gan_\w+|pix2pix_\w+)`", README))
    assert listed == {path.stem for path in (ROOT / "configs").glob("*.py")} - {"__init__"}
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / link).exists(), link


def test_the_two_commands_are_there():
    assert "pip install -e . && python -m jaxgan.train\n" in README
    assert "pip install -e '.[test]' && python -m pytest\n" in README
