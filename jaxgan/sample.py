"""Samples of a trained run: ``python -m jaxgan.sample RUN --n 100 --out FILE``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from tqdm import tqdm

from jaxgan import cli
from jaxgan.errors import InputError
from jaxgan.measure.generated import CHUNK, classes_of, drawer, drawing_function, labels_of
from jaxgan.run import files
from jaxgan.run.opened import Opened, open_run
from jaxgan.run.pictures import grid
from jaxgan.system.compiler import use_cache
from jaxgan.system.devices import Devices


@dataclass(frozen=True, kw_only=True)
class Command:
    """Draws images by a run's function that draws them."""

    run: Annotated[str, tyro.conf.Positional]
    """Run directory."""
    out: str
    """FILE.png is a grid; FILE.npz holds images (uint8, n, h, w, c), and labels if conditional."""
    n: int = 100
    """Number of images."""
    label: int | None = None
    """Class of every image; None: every class in turn."""
    seed: int = 0
    """Seed of the latent codes."""
    ema: bool = True
    """Averaged weights, if the run keeps them."""
    best: bool = False
    """The run's best checkpoint, not its newest."""
    config: str | None = None
    """The config, for a run with nets that are not jaxgan's own."""


def sample(
    opened: Opened, n: int, seed: int = 0, label: int | None = None
) -> dict[str, np.ndarray]:
    """``n`` images, and their labels if the run is conditional.

    Image i depends on the seed, i and its label, and not on ``n``.

    Returns:
      "images", uint8 (n, h, w, c), and "labels", int32 (n,).

    Raises:
      InputError: for a run that draws no images, or a label that it does not know.
    """
    _, function = drawing_function(opened.algorithm.functions)
    classes = classes_of(function, opened.spec.features)
    draw, chunks = drawer(function, classes, seed, label), -(-n // CHUNK)
    weights = Devices(local=True).everywhere(opened.weights)
    bar = tqdm(range(chunks), unit=f"x{CHUNK} images", disable=chunks < 10)
    images = np.concatenate([draw(weights, chunk) for chunk in bar])[:n]
    labels = {"labels": labels_of(np.arange(n), classes, label)} if classes else {}
    return {"images": images, **labels}


def main(args: list[str]) -> None:
    """The command."""
    command = cli.parse(Command, None, args, "python -m jaxgan.sample")
    if command.n < 1:
        raise InputError(f"n: {command.n} is below 1")
    out = Path(command.out)
    if out.suffix not in (".png", ".npz"):
        raise InputError(f"out: {command.out} ends in neither .png nor .npz")
    use_cache()
    opened = open_run(command.run, command.ema, command.config, command.best)
    drawn = sample(opened, command.n, command.seed, command.label)
    if out.suffix == ".npz":
        files.write_npz(out, drawn)
    else:
        files.write_image(out, grid(rows_of(drawn["images"])))
    print(f"{out}: {command.n} images of step {opened.step}")


def rows_of(images: np.ndarray, columns: int = 10) -> np.ndarray:
    """Images (rows, columns, h, w, c), the last row filled up with white."""
    columns = min(columns, len(images))
    blank = np.full((-len(images) % columns, *images.shape[1:]), 255, np.uint8)
    return np.concatenate([images, blank]).reshape(-1, columns, *images.shape[1:])


if __name__ == "__main__":
    cli.main(main)
