"""Averages of any width after training: ``python -m jaxgan.average RUN --width 0.05 --out NEW``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from jaxgan import cli
from jaxgan.run.averages import reconstruct


@dataclass(frozen=True, kw_only=True)
class Command:
    """Makes a run whose averaged weights have a given width (post-hoc EMA)."""

    run: Annotated[str, tyro.conf.Positional]
    """Run directory, trained with ``averages.every``."""
    width: float = 0.05
    """Width sigma_rel: the standard deviation of the average over the steps, as a fraction of the
    steps trained."""
    out: str
    """New run directory, for sample, apply and evaluate."""
    config: str | None = None
    """Config file, for a run with nets that are not jaxgan's own."""


def main(args: list[str]) -> None:
    """The command."""
    command = cli.parse(Command, None, args, "jaxgan average")
    done = reconstruct(Path(command.run), command.width, Path(command.out), command.config)
    print(f"{command.out}: {done}")


if __name__ == "__main__":
    cli.main(main)
