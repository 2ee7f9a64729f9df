"""The command: folders, files of moments and runs; what it prints; bad input."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from jaxgan import cli, evaluate
from jaxgan.measure.features import known
from tests.measure.evaluation_helpers import make_folder, pixels_of
from tests.small import ALGORITHMS, small_run
from tests.test_train import train

ALL = "fid,kid,is,pr,dc,swd"
OWN = """
def features(images):
    return images.reshape(len(images), -1)[:, ::40] / 255
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "corner.py"
    path.write_text(OWN)
    return path


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*args):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["evaluate", *map(str, args)])
        with pytest.raises(SystemExit) as stop:
            cli.main(evaluate.main)
        captured = capsys.readouterr()
        return stop.value.code, captured.out, captured.err

    return run


@pytest.fixture
def printed(run, own):
    def printed(*args):
        code, out, err = run(*args, "--features", own)
        assert code == 0, err
        return json.loads(out)

    return printed


def frechet(a, b):
    """By its definition, with SciPy's square root."""
    from scipy.linalg import sqrtm

    a, b = (x.reshape(len(x), -1)[:, ::40] / 255 for x in (a, b))
    covariances = np.cov(a.T), np.cov(b.T)
    root = sqrtm(covariances[0] @ covariances[1]).real
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(sum(covariances) - 2 * root)


def test_two_folders_and_pytorch_fids_file_of_one(printed, tmp_path):
    a, b = make_folder(tmp_path / "a", 30), make_folder(tmp_path / "b", 40, seed=1, shift=20)
    result = printed(a, "--reference", b, "--out", tmp_path / "made" / "x.json")
    expected = pytest.approx(frechet(pixels_of(a), pixels_of(b)), rel=1e-5)
    assert result["metrics"] == {"fid30_full/own/corner": expected}
    assert result["images"] == {"name": str(a), "n": 30}
    assert result["reference"] == {"name": str(b), "n": 40}
    assert result["versions"]["jax"]
    assert json.loads((tmp_path / "made" / "x.json").read_text()) == result

    saved = printed(b, "--save_statistics", tmp_path / "b.npz")
    assert saved["metrics"] == {}
    assert saved["reference"] is None
    again = printed(a, "--reference", tmp_path / "b.npz")
    assert again["metrics"] == {"fid30_moments/own/corner": expected}
    assert again["reference"] == {"name": str(tmp_path / "b.npz"), "n": None}


def test_a_run_is_compared_with_its_data(run, own, tmp_path):
    """Metrics that its images of 8 px cannot have are left out in a line each."""
    train(small_run(ALGORITHMS["cgan"], tmp_path / "run"))
    args = ("--n", 200, "--metrics", ALL, "--seed", 1, "--out", tmp_path / "x", "--features", own)
    code, out, err = run(tmp_path / "run", *args)
    assert code == 0, err
    assert (tmp_path / "x").read_text() == out
    result = json.loads(out)
    assert result["checkpoint"] == {"step": 8, "best": False}
    assert result["reference"] == {"name": "digits", "n": 1797}
    assert list(result["metrics"])[:1] == ["fid200_full/own/corner"]
    assert "precision200_full_k3/own/corner" in result["metrics"]
    kinds = {name.partition("200")[0] for name in result["metrics"]}
    assert kinds == {"fid", "kid", "precision", "recall", "density", "coverage"}
    assert all(np.isfinite(value) for value in result["metrics"].values())
    swd, score = (line for line in err.splitlines() if line.startswith("left out"))
    assert swd.startswith("left out swd: real: images of 8x8 have no pyramid down to 16 pixels")
    assert score.startswith("left out is: metrics: is needs a network that classifies")


@pytest.mark.slow
def test_a_run_that_maps_is_measured_on_the_examples_that_it_holds_out(printed, run, tmp_path):
    small = small_run(ALGORITHMS["pix2pix"], tmp_path / "run")
    train(replace(small, steps=2, data=replace(small.data, held_out=0.4)))
    result = printed(tmp_path / "run")
    assert result["held_out"] == {"name": small.data.source, "n": 6}
    assert result["images"] is None
    assert result["reference"] is None
    assert result["features"] is None
    assert result["checkpoint"] == {"step": 2, "best": False}
    assert result["metrics"]
    assert all(np.isfinite(value) for value in result["metrics"].values())
    assert printed(tmp_path / "run")["metrics"] == result["metrics"]

    train(replace(small, steps=2, out=str(tmp_path / "none")))
    code, _, err = run(tmp_path / "none")
    assert code == 2
    assert "error: run: it draws nothing; it has the apply function ab: use python" in err
    assert "--data.held_out 0.1" in err


def test_metrics_of_too_few_images_are_left_out(printed, run, own, tmp_path):
    a, b = make_folder(tmp_path / "a", 9, size=16), make_folder(tmp_path / "b", 4, size=16)
    found = printed(a, "--reference", b, "--metrics", ALL)["metrics"]
    assert {name.partition("9")[0] for name in found} == {"fid", "kid", "precision", "recall"} | {
        "swd4/mean", "swd4/16px"
    }  # fmt: skip
    make_folder(tmp_path / "c", 1, size=8)
    code, out, err = run(a, "--reference", tmp_path / "c", "--metrics", "pr,dc", "--features", own)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("error: k: ")


def test_metrics_of_a_network_without_weights_are_left_out(run, own, tmp_path, monkeypatch):
    def fails(*args, **kwargs):
        raise ConnectionError("no network")

    monkeypatch.setattr(known.pooch, "retrieve", fails)
    a, b = (make_folder(tmp_path / name, 5, seed=i, size=16) for i, name in enumerate("ab"))
    code, out, err = run(a, "--reference", b, "--metrics", ALL)
    assert code == 0, err
    assert list(json.loads(out)["metrics"]) == ["swd5/mean", "swd5/16px"]
    assert "left out fid, kid, is, pr, dc: weights: the inception weights are not here" in err
    code, _, err = run(a, "--reference", b, "--metrics", "fid,kid")
    assert code == 2
    assert err.splitlines()[-1].startswith("error: weights: the inception weights are not here")


def test_what_cannot_be_read_is_left_out_and_told(run, own, tmp_path):
    a = make_folder(tmp_path / "a", 30)
    for name in ("0000.png", "0007.png"):
        (a / name).write_bytes(b"no image")
    (a / "notes.txt").write_text("no image")
    code, out, err = run(a, "--reference", a, "--features", own)
    assert code == 0, err
    told = [line for line in err.splitlines() if "skipped" in line]
    assert told == [f"{a}: skipped 1 file that is no image: notes.txt"] * 2
    result = json.loads(out)
    assert list(result["metrics"]) == ["fid28_full/own/corner"]
    for name in ("images", "reference"):
        assert result[name]["n"] == 28
        assert len(result[name]["unreadable"]) == 2


@pytest.mark.parametrize(
    "args,message",
    [
        (["{a}"], "reference: images of a folder need some to be compared with"),
        (["{a}", "--reference", "{empty}"], "reference: no image in"),
        (["{empty}", "--reference", "{a}"], "images: no image in"),
        (["{a}", "--reference", "{one}"], "n: 1 image of"),
        (["{a}", "--reference", "{a}", "--n", "9"], "n: 9 images of"),
        (
            ["{a}", "--reference", "{a}", "--metrics", "fd"],
            "metrics: 'fd' is unknown: did",
        ),
        (["{a}", "--reference", "{a}", "--metrics", "pr"], "k: "),
        (["{a}", "--reference", "x.npz", "--metrics", "kid"], "metrics: kid needs the"),
        (["{a}", "--reference", "x.npz"], "reference: cannot read x.npz"),
        (["{a}", "--reference", "{a}", "--best"], "best: .* is no run"),
        (["{a}", "--metrics", "none"], "metrics: none leaves nothing to measure of images"),
        (["{a}", "--reference", "{a}", "--batch_size", "0"], "batch_size: 0 is below 1"),
        (["{a}", "--reference", "{a}", "--metrics", "is"], "n: 3 is fewer than the 10"),
        (["{a}", "--reference", "{a}", "--resize", "clean"], "features: .* has its own"),
        (["{a}", "--referenc", "{a}"], "--referenc"),
    ],
)
def test_bad_input_is_one_line(run, own, tmp_path, args, message):
    folders = {"a": make_folder(tmp_path / "a", 3), "one": make_folder(tmp_path / "one", 1)}
    (tmp_path / "empty").mkdir()
    folders["empty"] = tmp_path / "empty"
    code, out, err = run(*(arg.format(**folders) for arg in args), "--features", own)
    assert code == 2
    assert out == ""
    assert "Traceback" not in err
    line = err.strip().splitlines()[-1]
    assert line.startswith("error: ")
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(line)
