"""The command ``jaxgan``: ``jaxgan train``, ``sample``, ``apply``, ``search``, ``evaluate`` ..."""

import importlib

from jaxgan import cli
from jaxgan.errors import InputError, did_you_mean

COMMANDS = {
    "train": "trains a config; the same command goes on with a run that was interrupted",
    "sample": "draws images by a run",
    "apply": "applies a function of a run to files",
    "style": "paints a photograph in the style of other images",
    "search": "finds the images of a folder that are most like a query",
    "evaluate": "measures a run or a folder of images",
    "average": "averages of a run's weights of any width, after training",
    "latent": "paths, directions and projections in the latent space of a run",
}
"""One line on each command; a command is also a module, such as ``python -m jaxgan.train``."""


def main() -> None:
    """Runs the command that the first argument names."""
    cli.main(_run)


def _run(args: list[str]) -> int | None:
    if not args or args[0] in cli.HELP:
        print("usage: jaxgan COMMAND ...\n")
        print(*(f"  {name:10}{line}" for name, line in COMMANDS.items()), sep="\n")
        print("\njaxgan COMMAND --help lists the fields of a command; jaxgan --version")
        return 0
    name = args[0]
    if name not in COMMANDS:
        raise InputError(
            f"command: there is no {name}; {did_you_mean(name, COMMANDS)}use {', '.join(COMMANDS)}"
        )
    return importlib.import_module(f"jaxgan.{name}").main(args[1:])


if __name__ == "__main__":
    main()
