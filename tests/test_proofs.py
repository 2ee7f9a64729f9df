"""What the README promises of the default run; minutes long: python -m pytest -m slow."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from jaxgan.data.config import Data
from jaxgan.data.images.resize import prepared
from jaxgan.data.sources.opening import open_streams
from tests.conftest import ROOT

pytestmark = pytest.mark.slow


def shrink(images):
    """uint8 (n, h, w, 1) to 8x8 in [0, 1], each pixel the mean of its area."""
    small = [Image.fromarray(i[..., 0]).resize((8, 8), Image.Resampling.BOX) for i in images]
    return np.stack([np.asarray(i, np.float64) for i in small]).reshape(-1, 64) / 255


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """100 images per class by the default run, in a process as a user starts it."""
    out = tmp_path_factory.mktemp("default") / "run"
    env = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    for command in (
        ["jaxgan.train", "--out", str(out)],
        ["jaxgan.sample", str(out), "--n", "1000", "--out", str(out / "samples.npz")],
    ):
        subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=env, check=True)
    with np.load(out / "samples.npz") as arrays:
        return arrays["images"], arrays["labels"]


def test_asked_digits_are_recognised(drawn):
    images, labels = drawn
    digits = load_digits()
    real = digits.images.reshape(-1, 64) / 16
    x, x_test, y, y_test = train_test_split(real, digits.target, test_size=0.3, random_state=0)
    svc = SVC(gamma=0.05, C=10).fit(x, y)
    own = svc.score(x_test, y_test)
    accuracy = svc.score(shrink(images), labels)
    print(f"SVC on real test digits {own:.4f}, on {len(labels)} drawn digits {accuracy:.4f}")
    assert np.bincount(labels).tolist() == [100] * 10
    assert own >= 0.98
    assert accuracy >= 0.95


def test_variety_within_each_class_remains(drawn):
    """Reals take the same way as fakes: to the run's size and back to 8x8, which smooths both."""
    images, labels = drawn
    digits = open_streams(Data())[""].arrays
    real = shrink(prepared(digits["image"], images.shape[1], 0, 1))
    fake = shrink(images)
    kept = [
        fake[labels == k].std(0).mean() / real[digits["label"] == k].std(0).mean()
        for k in range(10)
    ]
    print("per-pixel deviation kept, by class:", np.round(kept, 3), "mean", np.mean(kept).round(3))
    assert np.mean(kept) >= 0.85
