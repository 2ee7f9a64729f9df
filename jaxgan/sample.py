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
    """Draws images or points by a run's function that draws them."""

    run: Annotated[str, tyro.conf.Positional]
    """Run directory."""
    out: str
    """FILE.png is a sheet; FILE.npz holds images (uint8, n, h, w, c), and labels if conditional.
    FILE.csv holds points, a row each, in the units of the data. With ``balance`` a new folder."""
    n: int = 100
    """Number of images or points."""
    label: int | None = None
    """Class of every image; None: every class in turn."""
    seed: int = 0
    """Seed of the latent codes."""
    balance: str | None = None
    """Fills up the rare classes of a data set: a folder with a subfolder a class, any labelled
    source, or ``training``, the run's own. Writes PNG files in a folder a class."""
    truncation: float | None = None
    """Largest number of a latent code, such as 0.7: less variety, better images."""
    member: int = 0
    """Member of a run that trained several."""
    ema: bool = True
    """Averaged weights, if the run keeps them."""
    best: bool = False
    """The run's best checkpoint, not its newest."""
    config: str | None = None
    """The config, for a run with nets that are not jaxgan's own."""


def sample(
    opened: Opened,
    n: int,
    seed: int = 0,
    label: int | None = None,
    truncation: float | None = None,
) -> dict[str, np.ndarray]:
    """``n`` "images", uint8 (n, h, w, c), and their "labels", int32 (n,), of a conditional run.

    Of a run that draws points they are "points", floats (n, dimensions) in the units of the data.
    Sample i depends on the seed, i and its label, and not on ``n``.

    Raises:
      InputError: for a run that draws neither, or a label that it does not know.
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
