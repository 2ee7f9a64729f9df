"""A classifier's gain from oversampling by a GAN: ``python -m benchmarks.oversampling``.

For each of five folds a conditional GAN is trained on digits with 16 eights (1.2%). A support
vector machine is trained on the same digits in four forms: unchanged, with the eights repeated,
with class weights, and with the GAN's eights added. Scores are measured on the held-out fold.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sklearn.metrics import accuracy_score, balanced_accuracy_score, recall_score
from sklearn.svm import SVC

from jaxgan.data.dataset import open_dataset
from jaxgan.run.configs import find_config
from jaxgan.run.loop import train
from jaxgan.run.opened import open_run

RARE = 8
FOLDS = 5


def scores(images: np.ndarray, labels: np.ndarray, test: tuple, weights: str | None) -> dict:
    """Scores of a support vector machine that is fitted to the images."""
    flat = images.reshape(len(images), -1) / 255
    found = SVC(class_weight=weights).fit(flat, labels).predict(test[0] / 255)
    return {
        "recall of the rare class": recall_score(test[1], found, labels=[RARE], average="macro"),
        "balanced accuracy": balanced_accuracy_score(test[1], found),
        "accuracy": accuracy_score(test[1], found),
    }


def fold(k: int, out: Path, steps: int) -> dict[str, dict]:
    """The scores of each form of oversampling on one fold."""
    base = find_config("oversampling_digits")
    data = replace(base.data, held_out=0.0, fold=(k, FOLDS))
    train(replace(base, data=data, steps=steps, seed=k, out=str(out)))
    dataset = open_dataset(data)
    stream = dataset.streams[""]
    seen = dataset.loader("").examples(range(len(stream.train)))
    unseen = dataset.loader("", held_out=True).examples(range(stream.held_out.size))
    images, labels = seen["image"], seen["label"]
    test = (unseen["image"].reshape(len(unseen["label"]), -1), unseen["label"])
    lacks = int(np.bincount(labels).max() - (labels == RARE).sum())
    rare = images[labels == RARE]
    repeated = rare[np.arange(lacks) % len(rare)]
    drawn = open_run(out).sample(lacks, RARE, seed=k)

    def more(extra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.concatenate([images, extra]), np.append(labels, np.full(lacks, RARE))

    return {
        "as they are": scores(images, labels, test, None),
        "repeated": scores(*more(repeated), test, None),
        "weighted": scores(images, labels, test, "balanced"),
        "the GAN's": scores(*more(drawn), test, None),
    }


def main() -> None:
    """Prints mean and standard deviation over the folds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--out", type=Path, help="FILE.json of all scores")
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        found = [fold(k, Path(folder) / str(k), args.steps) for k in range(1, args.folds + 1)]
    names = list(found[0]["as they are"])
    print("| eights | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for way in found[0]:
        cells = []
        for name in names:
            values = [100 * one[way][name] for one in found]
            cells.append(f"{np.mean(values):.1f}% +- {np.std(values):.1f}")
        print(f"| {way} | " + " | ".join(cells) + " |")
    if args.out:
        args.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
