"""The README's code runs, and its commands name what exists."""

import re

import jax
import numpy as np

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()


def test_the_gan_of_your_own_learns_the_circle():
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 45
    names = {}
    with jax.numpy_rank_promotion("allow"):  # flax's Dense adds its bias by promotion
        exec(code, names)
    state = names["state"]
    variables = {name: player.variables for name, player in state.players.items()}
    points = np.asarray(names["fakes"](variables, jax.random.key(7)))
    radius = np.linalg.norm(points, axis=1)
    assert abs(np.median(radius) - 1) < 0.15
    assert np.linalg.norm(points.mean(0)) < 0.4  # all around, not in one place


def test_configs_and_files_that_it_names_exist():
    for name in re.findall(r"configs/(\w+)\.py", README):
        assert (ROOT / "configs" / f"{name}.py").is_file()
    listed = set(re.findall(r"`((?:w|c|dc|cycle)?gan_\w+|pix2pix_\w+)`", README))
    assert listed == {path.stem for path in (ROOT / "configs").glob("*.py")}
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / link).exists(), link


def test_the_two_commands_are_there():
    assert "pip install -e . && python -m jaxgan.train\n" in README
    assert "pip install -e '.[test]' && python -m pytest\n" in README
