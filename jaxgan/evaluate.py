"""Metrics of a run or of a folder: ``python -m jaxgan.evaluate IMAGES --reference SOURCE``."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from jaxgan import cli
from jaxgan.errors import InputError
from jaxgan.run.report import Question, evaluate
from jaxgan.system import processes
from jaxgan.system.compiler import use_cache
from jaxgan.system.files import write_whole
from jaxgan.system.processes import Processes


@dataclass(frozen=True, kw_only=True)
class Command(Question):
    """Measures the images of a run or a folder, and a run on held-out examples; prints JSON."""

    images: Annotated[str, tyro.conf.Positional]
    """Run directory, folder, or source such as npz:FILE."""
    out: str | None = None
    """Additional output file for the JSON."""
    parallel: Processes = field(default_factory=Processes)
    """Processes that share the work."""


def main(args: list[str]) -> None:
    """The command."""
    command = cli.parse(Command, None, args, "jaxgan evaluate")
    use_cache()
    processes.initialize(command.parallel)
    text = json.dumps(evaluate(command), indent=2)
    if not processes.is_first():
        return
    print(text)
    if command.out:
        path = Path(command.out)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text + "\n")
        except OSError as error:
            raise InputError(f"out: {path} cannot be written: {error}") from None


if __name__ == "__main__":
    cli.main(main)
