"""Images from a run: what the files hold, and what decides an image."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from jaxgan import cli, sample
from jaxgan.errors import InputError
from jaxgan.measure.generated import chunk_sampler
from jaxgan.run.opened import open_run
from jaxgan.sample import sample as draw
from tests.small import ALGORITHMS, SPEC, small_run
from tests.test_train import train

pytestmark = pytest.mark.xdist_group("sample")  # one worker: they share a fixture


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample") / "run"
    train(small_run(ALGORITHMS["cgan"], out))
    return out


def command(monkeypatch, *args):
    monkeypatch.setattr(sys, "argv", ["sample", *map(str, args)])
    with pytest.raises(SystemExit) as stop:
        cli.main(sample.main)
    assert stop.value.code == 0


def drawn(opened, *args, **kwargs):
    arrays = draw(opened, *args, **kwargs)
    return arrays["images"], arrays["labels"]


def test_npz_holds_images_and_labels(run, tmp_path, monkeypatch):
    command(monkeypatch, run, "--n", 23, "--out", tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as arrays:
        assert arrays["images"].shape == (23, 8, 8, 1)
        assert arrays["images"].dtype == np.uint8
        np.testing.assert_array_equal(arrays["labels"], np.arange(23) % 10)


def test_png_is_a_sheet_of_ten_a_row(run, tmp_path, monkeypatch):
    command(monkeypatch, run, "--n", 23, "--out", tmp_path / "x.png", "--label", 4)
    assert Image.open(tmp_path / "x.png").size == (10 * 56 + 9 * 2, 3 * 56 + 2 * 2)


def test_an_image_depends_on_seed_place_and_label_and_not_on_n(run):
    opened = open_run(run)
    few, _ = drawn(opened, 5, seed=1)
    many, labels = drawn(opened, 130, seed=1)
    other, _ = drawn(opened, 5, seed=2)
    sevens, seven = drawn(opened, 5, seed=1, label=7)
    np.testing.assert_array_equal(few, many[:5])
    assert not np.array_equal(few, other)
    assert not np.array_equal(few, sevens)
    assert labels.tolist() == [i % 10 for i in range(130)]
    assert seven.tolist() == [7] * 5
    assert not np.array_equal(many[:30], many[100:])


def test_truncation_brings_samples_of_a_class_together(run):
    opened = open_run(run)
    means = [drawn(opened, 10, label=3, truncation=t)[0].std(0).mean() for t in (None, 0.5, 0.0)]
    assert means[0] > means[1] > means[2] == 0
    for t in (-1.0, float("inf"), float("nan")):
        with pytest.raises(InputError, match=r"^truncation: .* is not in \[0, inf\)"):
            drawn(opened, 2, truncation=t)
    uniform = replace(ALGORITHMS["gan"], latent="uniform").build(SPEC).functions["sample"]
    with pytest.raises(InputError, match=r"^truncation: 0\.5, and this run's function draws from"):
        chunk_sampler(uniform, truncation=0.5)


def test_averaged_weights_are_the_default_and_differ_from_the_last(run):
    averaged, last = open_run(run), open_run(run, averaged=False)
    assert averaged.step == last.step == 8
    assert not np.array_equal(drawn(averaged, 5)[0], drawn(last, 5)[0])


def test_an_unconditional_run_has_no_labels(tmp_path, monkeypatch):
    train(small_run(ALGORITHMS["gan"], tmp_path / "run"))
    command(monkeypatch, tmp_path / "run", "--n", 3, "--out", tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as arrays:
        assert arrays.files == ["images"]
