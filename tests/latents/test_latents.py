"""Paths, directions and projections in the latent space of small runs."""

import sys
from dataclasses import replace

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from jaxgan import cli, latent
from jaxgan.algorithms import GAN
from jaxgan.errors import InputError
from jaxgan.latents import directions
from jaxgan.latents.attribute import attribute
from jaxgan.latents.paths import between
from jaxgan.latents.space import Space
from jaxgan.nets import MLPDiscriminator, MLPGenerator
from jaxgan.run.opened import open_run
from tests.small import ALGORITHMS, small_run
from tests.test_train import train

pytestmark = pytest.mark.xdist_group("latents")  # one worker: they share a fixture

DENSE = replace(ALGORITHMS["gan"], generator=MLPGenerator(hidden=32), latent_dim=12)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs with dense nets, and a conditional one."""
    root = tmp_path_factory.mktemp("latents")
    nets = {"generator": MLPGenerator(hidden=32), "discriminator": MLPDiscriminator(hidden=8)}
    configs = {
        "dense": small_run(DENSE, root / "dense"),
        "other": small_run(DENSE, root / "other", seed=7),
        "classes": small_run(
            GAN(**nets, conditional=True, latent_dim=12, latent="uniform"), root / "classes"
        ),
    }
    for run in configs.values():
        train(replace(run, steps=1, checkpoint=replace(run.checkpoint, every=1)))
    return root


@pytest.fixture
def act(runs, tmp_path, monkeypatch, capsys):
    """``act(run, action, *flags)`` runs the command in an empty folder; returns its output."""
    monkeypatch.chdir(tmp_path)

    def act(run, *args, code=0):
        monkeypatch.setattr(sys, "argv", ["latent", str(runs / run), *map(str, args)])
        with pytest.raises(SystemExit) as stop:
            cli.main(latent.main)
        assert (stop.value.code or 0) == code
        told = capsys.readouterr()
        return told.err if code else told.out

    return act


def test_a_seed_is_the_image_that_sample_draws(runs):
    for name in ("dense", "classes"):
        opened = open_run(runs / name)
        space = Space(opened)
        images = space.images(space.of_seeds([3, 5]))
        for image, seed in zip(images, (3, 5), strict=True):
            drawn = opened.sample(1, seed=seed)[0].astype(int)
            assert np.abs(image - drawn).max() <= 1


def test_a_path_along_a_sphere_keeps_the_norm():
    codes = np.random.default_rng(0).normal(size=(3, 12))
    codes /= np.linalg.norm(codes, axis=1, keepdims=True) / 4
    path = between(codes, 9, sphere=True)
    assert path.shape == (2, 9, 12)
    np.testing.assert_allclose(np.linalg.norm(path, axis=-1), 4, rtol=1e-5)
    np.testing.assert_allclose(path[:, 0], codes[:2], atol=1e-5)
    np.testing.assert_allclose(path[:, -1], codes[1:], atol=1e-5)
    line = between(codes, 9, sphere=False)
    np.testing.assert_allclose(line[0, 4], codes[:2].mean(0), atol=1e-5)
    assert np.linalg.norm(line[0, 4]) < 4


@pytest.mark.parametrize("name", ["dense", "classes"])
def test_sefa_are_numpys_eigenvectors_of_the_first_weights(runs, name):
    opened = open_run(runs / name)
    params = opened.weights["generator"]["params"]
    a = np.asarray(params["Dense_0"]["kernel"], np.float64).T
    if name == "classes":  # z enters as z * Embed(y)
        (embedding,) = (v["Embed_0"] for k, v in params.items() if k.startswith("Labelled"))
        a = a * np.asarray(embedding["embedding"])[4]
    values, vectors = np.linalg.eigh(a.T @ a)
    found = directions.sefa(Space(opened, label=None if name == "dense" else 4))
    assert found.shape == (12, 12)
    for ours, theirs in zip(found[:5], vectors.T[::-1][:5], strict=True):
        assert abs(ours @ theirs) == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
    assert np.all(np.diff(values) > 0)


def test_ganspace_of_normal_codes_tends_to_sefa(runs):
    """The outputs A z of codes N(0, I) have the principal components of A, seen from z."""
    space = Space(open_run(runs / "dense"))
    found, expected = directions.ganspace(space, 20_000), directions.sefa(space)
    for ours, theirs in zip(found[:2], expected[:2], strict=True):
        assert abs(ours @ theirs) > 0.9
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)


def test_an_attribute_is_the_difference_of_the_means():
    rng = np.random.default_rng(0)
    having, lacking = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    difference = having.mean(0) - lacking.mean(0)
    expected = difference / np.sqrt((difference**2).sum())
    np.testing.assert_allclose(attribute(having, lacking), expected)
    with pytest.raises(InputError, match=r"^having: the seeds have the same mean"):
        attribute(having, having)


def test_a_saved_direction_is_applied_to_the_seed_of_another_run(runs, act):
    flags = ("--columns", 3, "--strength", 2)
    act("dense", "attribute", "--having", 1, 2, "--lacking", 3, "--name", "bold", "--save",
        "bold.npz", "--seeds", 0, *flags, "--out", "own.png")  # fmt: skip
    told = act("other", "attribute", "--direction", "bold.npz", "--seeds", 9, *flags, "--out",
               "other.png")  # fmt: skip
    assert told.startswith("other.png: bold along 1 seeds; step 1")
    space = Space(open_run(runs / "other"))
    with np.load("bold.npz") as arrays:
        codes = space.of_seeds([9]) + np.array([[-2], [0], [2]]) * arrays["directions"]
    expected = space.images(codes)
    sheet = np.asarray(Image.open("other.png"))
    scale = 560 // (3 * 8) + (560 % (3 * 8) > 0)
    for i, image in enumerate(expected):  # the cells are the last rows of the sheet
        right = sheet.shape[1] - (2 - i) * (8 * scale + 2)
        cell = sheet[-8 * scale :, right - 8 * scale : right][::scale, ::scale]
        assert np.abs(cell.reshape(8, 8, -1)[..., :1].astype(int) - image).max() <= 1


def test_a_generated_image_comes_back(runs, act):
    drawn = open_run(runs / "dense").sample(1, seed=11)[0]
    Image.fromarray(drawn[..., 0]).save("target.png")
    told = act("dense", "project", "--image", "target.png", "--out", "p.png", "--save", "p.npz",
               "--tried", 64, "--starts", 4)  # fmt: skip
    distance = float(told.split("distance ")[1].split()[0])
    assert distance < 2  # of 255; the data's own deviation is some 90
    with np.load("p.npz") as arrays:
        space = Space(open_run(runs / "dense"))
        again = space.images(arrays["z"]).astype(float)[0]
    assert np.sqrt(np.mean((again - drawn) ** 2)) == pytest.approx(distance, abs=0.5)


def test_films_hold_every_frame(act):
    act("dense", "interpolate", "--seeds", 0, 1, 0, "--frames", 4, "--out", "x.gif")
    with Image.open("x.gif") as film:
        assert film.size == (256, 256)
        assert 1 < film.n_frames <= 8  # Pillow joins frames that are equal
    act("classes", "interpolate", "--frames", 5, "--label", 3, "--out", "x.mp4")
    assert imageio_ffmpeg.count_frames_and_secs("x.mp4")[0] == 5


def test_the_actions_are_listed(act):
    assert act("dense", "--help").startswith("usage: jaxgan latent RUN ACTION")


@pytest.mark.parametrize(
    "run,args,line",
    [
        ("dense", ("walk",), "action: there is no walk; "),
        ("dense", ("interpolate", "--out", "x.jpg"), "out: x.jpg does not end in .png, .gif or"),
        ("dense", ("interpolate", "--seeds", 1, "--out", "x.png"), "seeds: a path needs two seeds"),
        ("dense", ("interpolate", "--label", 2, "--out", "x.png"), "label: 2 is not a class of t"),
        ("dense", ("interpolate", "--code", "w", "--out", "x.png"), "code: there is no w; use z"),
        ("dense", ("directions", "--n", 13, "--out", "x.png"), "n: 13 is not in 1 to 12"),
        ("dense", ("attribute", "--out", "x.png"), "having: name seeds whose images have the"),
        (
            "dense",
            ("attribute", "--direction", "no.npz", "--out", "x.png"),
            "direction: no.npz is no file of directions",
        ),
        ("dense", ("project", "--image", "no.png", "--out", "x.png"), "image: no.png cannot be"),
        ("classes", ("truncate", "--out", "x.png"), "truncation: 2.0, and this run's function"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_line(act, run, args, line):
    told = act(run, *args, code=2)
    assert told.startswith(f"error: {line}")
    assert told.count("\n") == 1
