"""That a Frechet distance says what it should; minutes long: python -m pytest -m slow -s."""

import io
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageFilter

from jaxgan.data.sources.idx import open_idx
from jaxgan.run.logging import read_records
from jaxgan.run.report import Question, evaluate
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

PROTOCOL = "fid10k_full/squeezenet/clean"


def mnist(shared, split):
    arrays = open_idx(str(shared / "mnist"), split).arrays
    return arrays["image"], arrays["label"]


def cifar10(shared):
    with np.load(shared / "cifar10" / "cifar10_train_jpeg.npz") as file:
        data, ends, labels = file["jpeg"].tobytes(), file["offsets"], file["labels"]
    edges = itertools.pairwise(ends)
    images = [np.asarray(Image.open(io.BytesIO(data[a:b])).convert("RGB")) for a, b in edges]
    order = np.random.default_rng(0).permutation(len(images))
    return np.stack(images)[order], labels[order]


@pytest.fixture
def weights(shared):
    [path] = (shared / "squeezenet").glob("*.npz")
    return path


def distances(out):
    records = read_records(out / "metrics.jsonl")
    return {r["step"]: r[PROTOCOL] for r in records if PROTOCOL in r}


def train(config, out, reference, weights, *args):
    """Trains in a process of its own, as tests make XLA slow; returns the distance by step."""
    env = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    command = [
        *(sys.executable, "-m", "jaxgan.train", config, "--out", out),
        *("--evaluate.n", 10_000, "--evaluate.features", "squeezenet"),
        *("--evaluate.weights", weights, "--evaluate.reference", f"npz:{reference}", *args),
    ]
    subprocess.run([str(arg) for arg in command], cwd=ROOT, env=env, check=True)
    found = distances(out)
    print(config, {step: round(value, 1) for step, value in found.items()})
    return found


def falls(found):
    values = list(found.values())
    return len(values) >= 3 and all(a > b for a, b in itertools.pairwise(values))


def test_the_distance_falls_as_mnist_is_learnt(shared, weights, tmp_path):
    np.savez(tmp_path / "test.npz", images=mnist(shared, "test")[0])
    args = ("--data.source", f"idx:{shared / 'mnist'}", "--data.batch_size", 64)
    steps = ("--steps", 1200, "--evaluate.every", 400)
    assert falls(
        train("dcgan_mnist", tmp_path / "run", tmp_path / "test.npz", weights, *args, *steps)
    )


def test_the_distance_falls_as_cifar10_is_learnt(shared, weights, tmp_path):
    images, _ = cifar10(shared)
    np.savez(tmp_path / "test.npz", images=images[:10_000])
    np.savez(tmp_path / "train.npz", images=images[10_000:])
    data = ("--data.source", f"npz:{tmp_path / 'train.npz'}", "--data.image_size", 32)
    small = ("--data.batch_size", 64, "--algorithm.generator.features", 32)
    small += ("--algorithm.discriminator.features", 32)
    steps = ("--steps", 1800, "--evaluate.every", 600)
    assert falls(
        train("dcgan_64", tmp_path / "run", tmp_path / "test.npz", weights, *data, *small, *steps)
    )


def noisy(images, labels, sigma):
    noise = np.random.default_rng(0).normal(size=images.shape) * sigma
    return np.clip(images + noise, 0, 255).astype(np.uint8)


def blurred(images, labels, radius):
    pictures = [Image.fromarray(image.squeeze()) for image in images]
    found = [np.asarray(p.filter(ImageFilter.GaussianBlur(radius))) for p in pictures]
    return np.stack(found).reshape(images.shape)


def dropped(images, labels, modes):
    """As many images, of all classes but so many."""
    kept = np.flatnonzero(labels < 10 - modes)
    return images[np.resize(kept, len(images))]


@pytest.mark.parametrize("data", ["mnist", "cifar10"])
def test_noise_blur_and_missing_modes_raise_it(shared, weights, tmp_path, data):
    images, labels = cifar10(shared) if data == "cifar10" else mnist(shared, "train")
    n = 1000
    np.savez(tmp_path / "reference.npz", images=images[n : 2 * n])

    def distance(changed):
        np.savez(tmp_path / "changed.npz", images=changed)
        question = Question(
            images=f"npz:{tmp_path / 'changed.npz'}",
            reference=f"npz:{tmp_path / 'reference.npz'}",
            features="squeezenet",
            weights=str(weights),
        )
        return evaluate(question)["metrics"]["fid1k_full/squeezenet/clean"]

    strengths = {noisy: (0, 8, 16, 32), blurred: (0, 0.5, 1, 2), dropped: (0, 3, 6, 9)}
    for change, amounts in strengths.items():
        found = [distance(change(images[:n], labels[:n], amount)) for amount in amounts]
        print(data, change.__name__, [round(value, 1) for value in found])
        assert found == sorted(found)
        assert found[1] > 1.02 * found[0]
