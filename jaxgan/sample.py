"""Images from a trained generator: ``python -m jaxgan.sample RUN --n 100 --out FILE``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
import tyro
from tqdm import tqdm

from jaxgan import cli
from jaxgan.errors import InputError
from jaxgan.images import grid, write_png
from jaxgan.ops.pixels import to_uint8
from jaxgan.trained import Trained, open_run
from jaxgan.xla import use_cache

CHUNK = 100
"""Images a call of the generator."""


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
    if trained.algorithm.translation:
        raise InputError("run: this run translates images: use python -m jaxgan.translate")
    classes = trained.algorithm.num_classes
    if label is not None and not 0 <= label < classes:
        known = f"0 to {classes - 1}" if classes else "none: it is not conditional"
        raise InputError(f"label: {label} is not a class of this run ({known})")
    labels = np.arange(n, dtype=np.int32) % max(classes, 1)
    if label is not None:
        labels[:] = label

    @jax.jit
    def draw(labels: jax.Array, key: jax.Array) -> jax.Array:
        return to_uint8(trained.algorithm.predict(trained.variables, {"label": labels}, key))

    chunks = np.pad(labels, (0, -n % CHUNK)).reshape(-1, CHUNK)
    keys = (jax.random.fold_in(jax.random.key(seed), i) for i in range(len(chunks)))
    bar = tqdm(chunks, unit="x100 images", disable=len(chunks) < 10)
    images = [np.asarray(draw(jnp.asarray(chunk), next(keys))) for chunk in bar]
    return np.concatenate(images)[:n], labels


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
    trained = open_run(command.run, command.ema, command.config)
    images, labels = sample(trained, command.n, command.seed, command.label)
    write(Path(command.out), images, labels, conditional=trained.algorithm.num_classes > 0)
    print(f"{command.out}: {command.n} images of step {trained.step}")


if __name__ == "__main__":
    cli.main(main)
