"""The one training loop: ``python -m jaxgan.train [CONFIG] [--field value ...]``."""

import contextlib

import numpy as np

from jaxgan import cli
from jaxgan.errors import NotFiniteError
from jaxgan.run.config import Run
from jaxgan.run.describe import describe
from jaxgan.run.health import diversity
from jaxgan.run.logging import Logger
from jaxgan.run.session import ROLLBACKS, Ready, open_data, prepare, roll_back
from jaxgan.run.signals import agreed, stop_signals
from jaxgan.system import processes
from jaxgan.system.compiler import use_cache


def train(run: Run, fresh: bool = False) -> int:
    """Runs an experiment, or goes on with it where its directory left off.

    Returns:
      The signal that ended it early, 0 where it reached its last step.

    Raises:
      InputError: for bad input, a finished run, or numbers that are no longer finite.
    """
    ready = prepare(run, fresh)
    with contextlib.closing(ready.checkpoints), stop_signals() as received:
        while True:
            with contextlib.closing(ready.logger(run.steps)) as log:
                try:
                    return _train(run, ready, log, received)
                except NotFiniteError as error:
                    rollbacks = roll_back(run, ready, error)
                    log.say(f"{error}. Rollback {rollbacks} of {ROLLBACKS}, to the last checkpoint")
            ready = ready.back(rollbacks)  # after the handler, which holds on to the broken state


def _train(run: Run, ready: Ready, log: Logger, received: list[int]) -> int:
    """The steps from where ``ready`` is to the last one, or to a signal, which is returned."""
    state, out, evaluations = ready.state, ready.out, ready.evaluations
    log.say(f"{out}: from step {ready.start}, keeps the newest {run.checkpoint.keep} checkpoints")
    for step, program, feed in ready.calls:
        state, metrics = program.step(state, feed, ready.root)
        log.add(step, metrics, program.steps)
        stop = agreed(received, step, run.log.every)  # once: a signal may come at any line
        last = step == run.steps or stop
        saving = last or step % run.checkpoint.every == 0
        sampling = last or step % run.sample.every == 0
        if saving or sampling or step % run.log.every == 0:
            log.flush()  # raises before a broken state could be saved
        with log.paused():
            if saving:
                ready.checkpoints.save(state, step)
            if sampling:
                _sample(ready, log, step, np.asarray(program.show(state, feed, ready.show_key)))
            if evaluations and (step == run.steps or step % run.evaluate.every == 0):
                log.flush()
                evaluations(state, step, out, log)
        if last:
            ready.checkpoints.finish(step)
        if stop:
            log.say(f"stopped by a signal and saved at step {step}; go on with --out {out}")
            return stop
    if evaluations:
        log.say(evaluations.summary(log))
    log.say(f"done: {out}/samples.png; more by python -m jaxgan.{ready.use}")
    return 0


def _sample(ready: Ready, log: Logger, step: int, sheet: np.ndarray) -> None:
    """Reports the health of the run, and draws the sheet."""
    classes = ready.algorithm.num_classes > 0
    log.report(step, diversity(sheet, ready.reals, classes) if ready.reals else {})
    log.draw(step, sheet, ready.algorithm.titles)


def main(args: list[str]) -> int:
    """The command."""
    command = cli.parse_training(args)
    use_cache()
    processes.initialize(command.run.parallel)
    if command.dry_run:
        print(describe(command.run, open_data(command.run)[1]))
        return 0
    number = train(command.run, command.fresh)
    return 128 + number if number else 0


if __name__ == "__main__":
    cli.main(main)
