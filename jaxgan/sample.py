"""Samples of a trained run: ``python -m jaxgan.sample RUN --n 100 --out FILE``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from jaxgan import cli
from jaxgan.errors import InputError
from jaxgan.measure.generated import classes_of, drawing_function, labels_of
from jaxgan.run import files
from jaxgan.run.balancing import fill_up
from jaxgan.run.opened import Opened, open_run
from jaxgan.run.pictures import in_rows, sheet
from jaxgan.system.compiler import use_cache


@dataclass(frozen=True, kw_only=True)
class Command:
    """Draws images or points from a run's generator."""

    run: Annotated[str, tyro.conf.Positional]
    """Run directory."""
    out: str
    """Output: FILE.png for a sheet; FILE.npz for images (uint8, n, h, w, c), with labels if the run
    is conditional; FILE.csv for points, one per row, in the units of the data. With ``balance``: a
    new folder."""
    n: int = 100
    """Number of images or points."""
    label: int | None = None
    """Class of all images; None: each class in turn."""
    seed: int = 0
    """Seed of the latent codes."""
    balance: str | None = None
    """Data set whose rare classes are filled up with generated images (oversampling): a folder with
    one subfolder per class, any labelled source, or ``training``, the run's own data. Writes PNG
    files into one folder per class."""
    truncation: float | None = None
    """Truncation of the latent code, such as 0.7: less variety, better images."""
    member: int = 0
    """Index of the member, for a run that trained several."""
    ema: bool = True
    """Averaged weights, if the run keeps them."""
    best: bool = False
    """The run's best checkpoint, not its newest."""
    config: str | None = None
    """Config file, for a run with nets that are not jaxgan's own."""


def sample(
    opened: Opened,
    n: int,
    seed: int = 0,
    label: int | None = None,
    truncation: float | None = None,
) -> dict[str, np.ndarray]:
    """``n`` samples: "images", uint8 (n, h, w, c), or "points", floats (n, dimensions).

    A conditional run also gives their "labels", int32 (n,). Points are in the units of the data.
    Sample i depends on the seed, i and its label, and not on ``n``.

    Raises:
      InputError: the run generates neither images nor points, or does not know the label.
    """
    samples = opened.sample(n, label, seed, truncation)
    _, function = drawing_function(opened.functions, ("image", "array"))
    classes = classes_of(function, opened.spec.features)
    labels = {"labels": labels_of(np.arange(n), classes, label)} if classes else {}
    name = "images" if function.gives.kind == "image" else "points"
    return {name: samples, **labels}


def main(args: list[str]) -> None:
    """The command."""
    command = cli.parse(Command, None, args, "jaxgan sample")
    if command.n < 1:
        raise InputError(f"n: {command.n} is below 1")
    out = Path(command.out)
    if not command.balance and out.suffix not in (".png", ".npz", ".csv"):
        raise InputError(f"out: {command.out} does not end in .png, .npz or .csv")
    use_cache()
    opened = open_run(command.run, command.ema, command.config, command.best, member=command.member)
    if command.balance:
        print(f"{out}: {fill_up(opened, command.balance, out, command.seed)}")
        return
    drawn = sample(opened, command.n, command.seed, command.label, command.truncation)
    kind, *others = drawn
    use = ".csv" if kind == "points" else ".png"
    if out.suffix not in (use, ".npz"):
        raise InputError(f"out: {out} cannot hold {kind}; name a FILE{use} or FILE.npz")
    if out.suffix == ".npz":
        files.write_npz(out, drawn)
    elif kind == "points":
        table = np.column_stack(list(drawn.values())).tolist()
        files.write_csv(out, [*opened.columns, *others], table)
    else:
        files.write_image(out, sheet({"": in_rows(drawn["images"])}))
    print(f"{out}: {command.n} {kind} of step {opened.step}")


if __name__ == "__main__":
    cli.main(main)
