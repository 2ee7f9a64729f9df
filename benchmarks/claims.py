"""Scores a config's samples with independent scorers: ``python -m benchmarks.claims RUN...``.

README.md describes the measurement. The script reads finished runs of labelled images and trains no
GAN.
"""

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from jaxtyping import Float, Int, UInt8
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

import jaxgan
from jaxgan import cli
from jaxgan.data.config import Data
from jaxgan.data.images.resize import prepared
from jaxgan.data.sources.opening import open_streams
from jaxgan.errors import InputError
from jaxgan.measure.generated import classes_of, drawing_function
from jaxgan.run.logging import read_records
from jaxgan.run.report import Question, evaluate

Images = UInt8[np.ndarray, "n h w c"]
Labels = Int[np.ndarray, "n"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """Scores the samples of finished runs; prints one row per run."""

    runs: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Run directories."""
    source: str
    """Source of labelled images, such as idx:FOLDER; without a test part, 30% are held out."""
    n: int = 10_000
    """Number of samples per run."""
    train: int = 20_000
    """Number of real images that the classifier is trained on."""
    weights: str | None = None
    """File of SqueezeNet's weights for the Frechet distance; None: no distance."""
    out: str | None = None
    """Output JSON file for the rows."""


def flat(images: Images) -> Float[np.ndarray, "n d"]:
    """Pixels in [0, 1], one row per image."""
    return images.reshape(len(images), -1) / 255.0


def classifier(images: Images, labels: Labels) -> Pipeline:
    """A support vector machine (RBF kernel, C = 10) on 50 principal components, for real images."""
    return make_pipeline(PCA(50, random_state=0), SVC(C=10)).fit(flat(images), labels)


def deviation_ratio(fake: Images, fake_labels: Labels, real: Images, real_labels: Labels) -> float:
    """Ratio of the samples' per-pixel standard deviation to the reals', averaged over classes."""
    ratios = [
        flat(fake[fake_labels == k]).std(0).mean() / flat(real[real_labels == k]).std(0).mean()
        for k in np.unique(real_labels)
        if (fake_labels == k).sum() > 1
    ]
    return float(np.mean(ratios))


def reals(source: str, shape: tuple[int, ...]) -> tuple[Images, Images, Labels, Labels]:
    """Training and test images in the samples' shape, then their labels."""
    train = open_streams(Data(source=source))[""].arrays
    if train is None or "label" not in train:
        raise InputError(f"source: {source} has no labels")
    try:
        test = open_streams(Data(source=source, split="test"))[""].arrays
    except InputError:  # a source without a test part
        test = None
    parts = [
        (prepared(part["image"], shape[0], 0, shape[-1]), part["label"])
        for part in (train, test)
        if part is not None
    ]
    if len(parts) == 1:
        x, x_test, y, y_test = train_test_split(*parts[0], test_size=0.3, random_state=0)
        return x, x_test, y, y_test
    (x, y), (x_test, y_test) = parts
    return x, x_test, y, y_test


def minutes(run: Path) -> float:
    """Minutes of training from the speed in the records, without sheets and checkpoints."""
    records = [r for r in read_records(run / "metrics.jsonl") if r.get("images_per_second")]
    images = np.diff([0, *(r["images"] for r in records)])
    return float(sum(images / [r["images_per_second"] for r in records]) / 60)


def row(command: Command, name: str, svc: Pipeline, real: Images, labels: Labels) -> dict[str, Any]:
    """The claims of one run."""
    run = jaxgan.load(name)
    _, function = drawing_function(run.functions)
    fake = run.sample(command.n)
    found = svc.predict(flat(fake))
    classes = classes_of(function, run.spec.features)  # 0: unconditional, no requested label
    asked = np.arange(len(fake)) % classes if classes else None
    shares = np.bincount(found, minlength=labels.max() + 1) / len(found)
    records = read_records(Path(name) / "metrics.jsonl")
    last = [r for r in records if "diversity" in r][-1]
    return {
        "run": name,
        "step": run.step,
        "asked_label": None if asked is None else float((found == asked).mean()),
        "class_shares": [round(float(share), 4) for share in shares],
        "deviation_kept": deviation_ratio(fake, found, real, labels),
        "diversity": last["diversity"],
        "class_diversity": last.get("class_diversity"),
        "minutes": minutes(Path(name)),
    }


def distance(command: Command, name: str, reference: Path) -> dict[str, float]:
    """The Frechet distance of SqueezeNet's features between the samples and held-out reals."""
    if not command.weights:
        return {}
    question = Question(
        images=name,
        reference=f"npz:{reference}",
        n=command.n,
        features="squeezenet",
        weights=command.weights,
    )
    return evaluate(question)["metrics"]


def main(args: list[str]) -> None:
    """The command."""
    command = cli.parse(Command, None, args, "python -m benchmarks.claims")
    _, function = drawing_function(jaxgan.load(command.runs[0]).functions)
    real, held_out, labels, held_out_labels = reals(command.source, function.gives.shape)
    began = time.perf_counter()
    svc = classifier(real[: command.train], labels[: command.train])
    own = float(svc.score(flat(held_out), held_out_labels))
    print(
        f"classifier: {100 * own:.2f}% of the held-out reals, {time.perf_counter() - began:.0f} s"
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        reference = Path(folder) / "reals.npz"
        np.savez(reference, images=held_out)
        for name in command.runs:
            found = row(command, name, svc, held_out, held_out_labels)
            rows.append(found | distance(command, name, reference) | {"classifier": own})
            print(json.dumps(rows[-1]), flush=True)
    if command.out:
        Path(command.out).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    cli.main(main)
