"""Images from a trained generator: ``python -m jaxgan.sample RUN --n 100 --out FILE``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from tqdm import tqdm

from jaxgan import cli
from jaxgan.errors import InputError
from jaxgan.measure.generated import CHUNK, drawer, labels_of
from jaxgan.run.opened import Trained, open_run
from jaxgan.run.pictures import grid, write_png
from jaxgan.system.compiler import use_cache
from jaxgan.system.devices import Devices


@dataclass(frozen=True, kw_only=True)
class Command:
    """Draws images from a run's generator."""

    run: Annotated[str, tyro.conf.Positional]
    """Run directory."""
    out: str
    """FILE.png is a grid; FILE.npz holds images (uint8, n, h, w, c), and labels if conditional."""
    n: int = 100
    """Images."""
    label: int | None = None
    """The class of every image; None: every class in turn."""
    seed: int = 0
    """Of the latent codes."""
    ema: bool = True
    """Averaged weights, where the run keeps them."""
    best: bool = False
    """The run's best checkpoint, not its newest."""
    config: str | None = None
    """The config file, for a run with nets that are not jaxgan's own."""


def sample(
    trained: Trained, n: int, seed: int = 0, label: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """``n`` images and their labels.

    Image i depends on the seed, i and its label, and not on ``n``.

    Returns:
      uint8 (n, h, w, c) and int32 (n,).

    Raises:
      InputError: for a run that translates, or a label that it does not know.
    """
    draw, chunks = drawer(trained.algorithm, seed, label), -(-n // CHUNK)
    bar = tqdm(range(chunks), unit=f"x{CHUNK} images", disable=chunks < 10)
    variables = Devices(local=True).everywhere(trained.variables)
    images = np.concatenate([draw(variables, chunk) for chunk in bar])[:n]
    return images, labels_of(np.arange(n), trained.algorithm.num_classes, label)


def write(path: Path, images: np.ndarray, labels: np.ndarray, conditional: bool) -> None:
    """Writes a grid (.png, ten a row) or the arrays (.npz).

    Raises:
      InputError: for another ending.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        if conditional:
            np.savez_compressed(path, images=images, labels=labels)
        else:
            np.savez_compressed(path, images=images)
        return
    columns = min(10, len(images))
    blank = np.full((-len(images) % columns, *images.shape[1:]), 255, np.uint8)
    cells = np.concatenate([images, blank])
    write_png(path, grid(cells.reshape(-1, columns, *images.shape[1:])))


def main(args: list[str]) -> None:
    """The command."""
    command = cli.parse(Command, None, args, "python -m jaxgan.sample")
    if command.n < 1:
        raise InputError(f"n: {command.n} is below 1")
    if Path(command.out).suffix not in (".png", ".npz"):
        raise InputError(f"out: {command.out} ends in neither .png nor .npz")
    use_cache()
    trained = open_run(command.run, command.ema, command.config, command.best)
    images, labels = sample(trained, command.n, command.seed, command.label)
    write(Path(command.out), images, labels, conditional=trained.algorithm.num_classes > 0)
    print(f"{command.out}: {command.n} images of step {trained.step}")


if __name__ == "__main__":
    cli.main(main)
