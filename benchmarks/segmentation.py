"""Segmentation of whole held-out images: ``python -m benchmarks.segmentation RUN...``.

README.md describes the measurement. The script reads finished runs, such as one per fold, and
trains nothing.
"""

import functools
from dataclasses import dataclass
from typing import Annotated

import jax.numpy as jnp
import numpy as np
import tyro

import jaxgan
from jaxgan import cli
from jaxgan.data.dataset import open_dataset
from jaxgan.data.examples import Part
from jaxgan.data.images.resize import to_channels
from jaxgan.errors import InputError
from jaxgan.metrics import Confusion


@dataclass(frozen=True, kw_only=True)
class Command:
    """Segments the held-out images of finished runs at their own size; prints a table."""

    runs: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Run directories."""
    best: bool = False
    """The runs' best checkpoints, not their newest."""


def measured(run: str, best: bool = False) -> dict[str, float]:
    """Measures over all held-out pixels, their deviation over images, and those of a threshold."""
    opened = jaxgan.load(run, best=best)
    stream = open_dataset(opened.data, opened.scaling).streams[""]
    channels = opened.spec.features["image"].shape[-1]
    if (held_out := stream.held_out) is None:
        raise InputError(f"runs: {run} holds no images out; train it with --data.fold 1 5")
    each = []
    for i in held_out.indices:
        example = held_out.source.example(int(i))
        image = to_channels(example["image"], channels)
        found = opened.apply("segment", image[None])
        mask = jnp.asarray(example["mask"])[None]
        each.append(Confusion.create(opened.class_names).update(jnp.asarray(found), mask))
    numbers = functools.reduce(Confusion.merge, each).compute()
    of_images = [own.compute() for own in each]
    for name in ("mean_dice", f"dice/{opened.class_names[0]}"):
        numbers[f"{name} sd over images"] = float(np.std([own[name] for own in of_images], ddof=1))
    if len(opened.class_names) == 2:
        numbers["threshold/mean_dice"] = threshold(stream.training, held_out)
    return numbers


def threshold(training: Part, held_out: Part) -> float:
    """The mean Dice of a grey-level threshold that is chosen on the training images."""
    trained = counts(training)
    dice = [mean_dice(trained, level) for level in range(257)]
    return mean_dice(counts(held_out), int(np.argmax(dice)))


def counts(part: Part) -> np.ndarray:
    """The number of pixels by class and grey level, (2, 256)."""
    total = np.zeros((2, 256))
    for i in part.indices:
        example = part.source.example(int(i))
        grey = to_channels(example["image"], 1)[..., 0]
        for c in (0, 1):
            total[c] += np.bincount(grey[example["mask"] == c], minlength=256)
    return total


def mean_dice(by_level: np.ndarray, level: int) -> float:
    """The mean Dice of both classes if class 1 is predicted from a grey level on."""
    dark, bright = by_level[:, :level].sum(1), by_level[:, level:].sum(1)
    classes = by_level.sum(1)
    return float(
        (2 * dark[0] / (classes[0] + dark.sum()) + 2 * bright[1] / (classes[1] + bright.sum())) / 2
    )


def table(rows: dict[str, dict[str, float]]) -> str:
    """One row per run, then mean and sample standard deviation over the runs."""
    names = list(next(iter(rows.values())))
    lines = ["| run | " + " | ".join(names) + " |", "|" + "---|" * (len(names) + 1)]
    for run, numbers in rows.items():
        lines.append(f"| {run} | " + " | ".join(f"{numbers[n]:.3f}" for n in names) + " |")
    if len(rows) > 1:
        values = np.array([[numbers[n] for n in names] for numbers in rows.values()])
        spread = zip(values.mean(0), values.std(0, ddof=1), strict=True)
        lines.append("| mean ± sd | " + " | ".join(f"{m:.3f} ± {s:.3f}" for m, s in spread) + " |")
    return "\n".join(lines)


def main(args: list[str]) -> int:
    """The command."""
    command = cli.parse(Command, None, args, "benchmarks.segmentation")
    print(table({run: measured(run, command.best) for run in command.runs}))
    return 0


if __name__ == "__main__":
    cli.main(main)
