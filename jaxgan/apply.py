"""Applies a run's function to files: ``python -m jaxgan.apply RUN --in FILES --out PLACE``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from jaxgan import cli
from jaxgan.errors import InputError
from jaxgan.run.applying import apply_to_files
from jaxgan.run.mapping import BATCH, Mapper
from jaxgan.run.opened import open_run
from jaxgan.system.compiler import use_cache


@dataclass(frozen=True, kw_only=True)
class Command:
    """Applies a function of a run to images, rows of a table, the past of a series, or codes."""

    run: Annotated[str, tyro.conf.Positional]
    """Run directory."""
    inputs: Annotated[str, tyro.conf.arg(name="in")]
    """Input: a folder of images (with subfolders) or one image; FILE.csv with a table or a series;
    or FILE.npz with codes."""
    out: str
    """Output: a folder for PNG files named like the images, or FILE.png for one image; FILE.csv for
    labels, scores, predictions or a forecast; FILE.npz for vectors."""
    function: str | None = None
    """Name of the function; None: the only one."""
    sheet: bool = False
    """Additional file sheet.png in the output folder: the first images beside their outputs."""
    batch_size: int = BATCH
    """Number of images of one size per call; fewer need less memory."""
    tile: int | None = None
    """Side in pixels of the overlapping tiles into which larger images are cut; 0: whole images.
    None: tiles only if their blend equals the output of the whole image."""
    member: int = 0
    """Index of the member, for a run that trained several."""
    ema: bool = True
    """Averaged weights, if the run keeps them."""
    best: bool = False
    """The run's best checkpoint, not its newest."""
    config: str | None = None
    """Config file, for a run with nets that are not jaxgan's own."""


def main(args: list[str]) -> int:
    """The command."""
    command = cli.parse(Command, None, args, "jaxgan apply")
    if command.batch_size < 1:
        raise InputError(f"batch_size: {command.batch_size} is below 1")
    source, out = Path(command.inputs), Path(command.out)
    if not source.exists():
        raise InputError(f"in: there is no file or folder {source}")
    use_cache()
    opened = open_run(command.run, command.ema, command.config, command.best, member=command.member)
    mapper = Mapper(
        opened.algorithm.functions,
        opened.spec.features,
        opened.weights,
        command.function,
        command.tile,
    )
    done = apply_to_files(opened, mapper, source, out, command.batch_size, command.sheet)
    summary = f"applied {mapper.name} to {done.inputs - done.unreadable} of {done.inputs} inputs"
    failed = f"; {done.unreadable} could not be read" if done.unreadable else ""
    print(f"{summary}{failed}: {out}")
    return 1 if done.unreadable else 0


if __name__ == "__main__":
    cli.main(main)
