"""The documented method of your own does what docs/own_method.md says, command by command."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan import apply, evaluate, sample, train
from jaxgan.errors import InputError
from jaxgan.run.logging import read_records
from tests.conftest import ROOT, XLA_FLAGS

pytestmark = pytest.mark.xdist_group("examples")  # one worker: they share a fixture

FILE = ROOT / "examples" / "vae.py"
FEW = ("--data.image_size", "8", "--data.batch_size", "16", "--algorithm.hidden", "16")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Trained for 20 steps, and then, by the same command, for 20 more."""
    out = tmp_path_factory.mktemp("vae") / "run"
    often = ("--sample.every", "20", "--evaluate.every", "20", "--log.every", "5")
    for steps in ("20", "40"):
        train.main([str(FILE), *FEW, *often, "--steps", steps, "--out", str(out)])
    return out


def test_it_is_short_and_in_the_documentation():
    lines = FILE.read_text().count("\n")
    assert lines <= 90
    assert f"autoencoder in {lines} lines" in (ROOT / "docs" / "own_method.md").read_text()
    assert f"autoencoder in {lines} lines" in (ROOT / "README.md").read_text()


@pytest.mark.peers
def test_it_trains_resumes_and_is_measured_on_held_out_digits(run):
    records = read_records(run / "metrics.jsonl")
    assert [r["step"] for r in records] == list(range(5, 41, 5))
    losses = [r["vae_loss"] for r in records]
    assert losses[-1] < losses[0]
    measured = [r["negative_elbo"] for r in records if "negative_elbo" in r]
    assert len(measured) == 2
    assert measured[1] < measured[0]
    assert (run / "best").is_dir()
    titled = Image.open(run / "samples.png").size
    assert titled[0] == 3 * 8 * 15 + 2 * 2  # real, reconstructed, drawn, each pixel 15 times
    assert titled[1] > 8 * 8 * 15 + 7 * 2  # eight rows below the titles


def test_it_samples_maps_and_is_evaluated_by_the_commands(run, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    for i in range(3):
        pixels = np.random.default_rng(i).integers(0, 256, (8 + 3 * i, 8 + i), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "in" / f"{i}.png")
    own = [str(run), "--config", str(FILE)]
    files = ["--in", str(tmp_path / "in"), "--out"]
    sample.main([*own, "--n", "12", "--out", str(tmp_path / "samples.npz")])
    assert np.load(tmp_path / "samples.npz")["images"].shape == (12, 8, 8, 1)
    apply.main([*own, "--function", "reconstruct", *files, str(tmp_path / "out")])
    assert Image.open(tmp_path / "out" / "2.png").size == (8, 8)
    apply.main([*own, "--function", "encode", *files, str(tmp_path / "codes.npz")])
    arrays = np.load(tmp_path / "codes.npz")
    assert {arrays[name].shape for name in arrays.files} >= {(3, 16)}
    capsys.readouterr()
    evaluate.main([*own, "--metrics", "none"])
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"]["negative_elbo"] > 0
    assert found["held_out"]["n"] == 180 or found["held_out"]["n"] == 179


def test_it_opens_in_a_notebook(run):
    opened = jaxgan.load(run, config_file=str(FILE))
    images = opened.sample(5, seed=1)
    assert images.shape == (5, 8, 8, 1)
    np.testing.assert_array_equal(opened.sample(9, seed=1)[:5], images)
    assert opened.apply("reconstruct", images).dtype == np.uint8
    assert opened.apply("encode", images).shape == (5, 16)
    with pytest.raises(InputError, match=r"VAE: .*needs its config, --config FILE\.py$"):
        jaxgan.load(run)  # jaxgan has another VAE


def test_the_documented_commands_name_what_exists():
    text = (ROOT / "docs" / "own_method.md").read_text()
    for command in re.findall(r"python -m jaxgan\.(\w+)", text):
        assert (ROOT / "jaxgan" / f"{command}.py").is_file()
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / "docs" / link).resolve().exists(), link


@pytest.mark.slow
def test_training_from_the_device_loads_no_tensorflow(tmp_path):
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "from jaxgan import train\n"
        f"train.main([{str(FILE)!r}, *{FEW!r}, '--steps', '2', '--data.on_device',"
        f" '--out', {str(tmp_path / 'run')!r}])"
    )
    env = {**os.environ, "XLA_FLAGS": XLA_FLAGS}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True, timeout=300)
    assert (tmp_path / "run" / "samples.png").is_file()
