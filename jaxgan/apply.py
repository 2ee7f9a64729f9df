"""A run's function applied to files: ``python -m jaxgan.apply RUN --in FILES --out PLACE``."""

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
    """Folder of images with its subfolders, or one image; FILE.csv of a table or a series; FILE.npz
    of codes."""
    out: str
    """Folder of PNG files under the names of the images, or FILE.png for one image; FILE.csv of
    labels, scores, predictions or a forecast; FILE.npz of vectors."""
    function: str | None = None
    """Name of the function; None: the only one."""
    sheet: bool = False
    """Writes sheet.png too: the first images beside their outputs."""
    batch_size: int = BATCH
    """Images of one size at a time; fewer need less memory."""
    tile: int | None = None
    """Side of the overlapping tiles that larger images go through in, in pixels; 0: whole images.
    None: tiles where their blend equals the output of the whole image."""
    member: int = 0
    """Member of a run that trained several."""
    ema: bool = True
    """Averaged weights, if the run keeps them."""
    best: bool = False
    """The run's best checkpoint, not its newest."""
    config: str | None = None
    """The config, for a run with nets that are not jaxgan's own."""


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
