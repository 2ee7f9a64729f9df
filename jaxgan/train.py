"""The command ``jaxgan train [CONFIG]``, and ``jaxgan.train(config)``.

The training loop is imported only after the first line, which says what will be trained, is
printed.
"""

import sys
import types

from jaxgan import cli
from jaxgan.run.config import Run, summary
from jaxgan.system import processes
from jaxgan.system.compiler import use_cache
from jaxgan.system.devices import Devices


def train(run: Run, fresh: bool = False, devices: Devices | None = None) -> int:
    """Runs an experiment: :func:`jaxgan.run.loop.train`."""
    from jaxgan.run import loop  # imported late: see above

    return loop.train(run, fresh, devices)


class _Callable(types.ModuleType):
    """Makes the module callable: ``jaxgan.train(config)``."""

    def __call__(self, run: Run, fresh: bool = False, devices: Devices | None = None) -> int:
        """Runs an experiment: :func:`jaxgan.run.loop.train`."""
        return train(run, fresh, devices)


sys.modules[__name__].__class__ = _Callable


def main(args: list[str]) -> int:
    """The command: a config by its name or file, then flags and fields."""
    command = cli.parse_training(args)
    if processes.comes_first(command.run.parallel):
        print(summary(command.run), flush=True)
    use_cache()
    processes.initialize(command.run.parallel)
    if command.dry_run:
        from jaxgan.run.describe import describe

        print(describe(command.run))
        return 0
    number = train(command.run, command.fresh)
    return 128 + number if number else 0


if __name__ == "__main__":
    cli.main(main)
