"""Style mixing: which layer has whose style."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from PIL import Image

from jaxgan.errors import InputError
from jaxgan.latents import directions
from jaxgan.latents.mix import Mix, mixed
from jaxgan.latents.space import Space
from jaxgan.run.opened import Opened
from tests.small import ALGORITHMS, SPEC, small_run

pytestmark = pytest.mark.xdist_group("mix")  # one worker: they share a fixture


@pytest.fixture(scope="module")
def space():
    """The styles of a generator at its start."""
    run = small_run(replace(ALGORITHMS["stylegan2"], conditional=False), "run")
    algorithm = run.algorithm.build(SPEC)
    state = jax.jit(algorithm.init)(jax.random.key(0), SPEC.batch(2))
    return Space(Opened(run, SPEC, run.data, algorithm, 0, state.weights(), {}, ()))


def test_the_chosen_layers_have_the_style_of_the_column():
    rows, columns = np.ones((2, 3)), 2 * np.ones((4, 3))
    found = mixed(rows, columns, (0, 2), 4)
    assert found.shape == (2, 4, 4, 3)
    np.testing.assert_array_equal(found[1, 2, :, 0], [2, 1, 2, 1])


def test_the_grid_shows_seeds_and_their_mixtures(space, tmp_path):
    out = str(tmp_path / "mix.png")
    told = Mix(run="run", rows=(0, 1), columns=(2, 3), layers=(1, 2), out=out)(space)
    assert told == "layers 1, 2 of 4 have the style of the column"
    w = space.of_seeds([0, 1, 2, 3])
    styles = np.tile(w[:, None], (1, 4, 1))
    mixture = styles[1].copy()
    mixture[1:3] = styles[3, 1:3]
    expected = space.images(np.concatenate([styles, mixture[None]]))
    sheet = np.asarray(Image.open(out))
    side = 8 * (560 // (3 * 8) + (560 % (3 * 8) > 0))

    def cell(row, column):
        bottom = sheet.shape[0] - (2 - row) * (side + 2)
        right = sheet.shape[1] - (2 - column) * (side + 2)
        part = sheet[bottom - side : bottom, right - side : right]
        return part[:: side // 8, :: side // 8].reshape(8, 8, -1)[..., :1].astype(int)

    places = {(1, 0): 0, (2, 0): 1, (0, 1): 2, (0, 2): 3, (2, 2): 4}
    for (row, column), i in places.items():
        assert np.abs(cell(row, column) - expected[i]).max() <= 1, (row, column)


def test_sefa_of_styles_is_that_of_all_layers_they_enter(space):
    params = space.weights["generator"]["params"]["synthesize"]
    kernels = [layer["style"]["kernel"] for name, layer in params.items() if name != "first"]
    a = np.concatenate([np.asarray(kernel, np.float64).T for kernel in kernels])
    _, vectors = np.linalg.eigh(a.T @ a)
    found = directions.sefa(space)
    for ours, theirs in zip(found[:2], vectors.T[::-1], strict=False):
        assert abs(ours @ theirs) == pytest.approx(1, abs=1e-3)


def test_layers_that_there_are_not_are_refused(space, tmp_path):
    with pytest.raises(InputError, match=r"^layers: use layers from 0 to 3"):
        Mix(run="run", layers=(4,), out="mix.png")(space)
    codes = Space(space.opened, "z")
    with pytest.raises(InputError, match=r"^code: all layers of this run have one z; mix needs"):
        Mix(run="run", out="mix.png")(codes)
