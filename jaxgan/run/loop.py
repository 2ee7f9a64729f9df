"""The one training loop."""

import contextlib
import functools
import time
from typing import Any

from jaxgan.core import TrainState
from jaxgan.errors import NotFiniteError
from jaxgan.run.config import Run
from jaxgan.run.logging import Logger
from jaxgan.run.members import first_rows
from jaxgan.run.session import ROLLBACKS, Session, Start
from jaxgan.run.signals import StoppedError, agreed, raise_if_stopped, stop_signals
from jaxgan.run.stage import Call, Stage
from jaxgan.system.devices import Devices


def train(run: Run, fresh: bool = False, devices: Devices | None = None) -> int:
    """Runs an experiment, or resumes it from its run directory.

    Args:
      run: the config.
      fresh: start over if the run directory already holds a run.
      devices: the devices to use; by default those of ``run.parallel``.

    Returns:
      The signal that ended the run early, or 0 if it reached its last step.

    Raises:
      InputError: for bad input, a finished run, or numbers that are no longer finite.
    """
    with contextlib.closing(Session(run, fresh, devices)) as session, stop_signals() as received:
        rollbacks = None
        while True:
            start = session.restore(rollbacks)
            with contextlib.closing(session.logger(start.step)) as log:
                try:
                    return _train(session, start, log, received)
                except NotFiniteError as error:
                    rollbacks = session.roll_back(error, start.rollbacks)
                    log.say(f"{error}. Rollback {rollbacks} of {ROLLBACKS}, to the last checkpoint")
            del start  # only now: the exception handler kept the broken state alive


def _train(session: Session, start: Start, log: Logger, received: list[int]) -> int:
    """Trains from ``start`` to the last step, or until a signal, which is returned."""
    run, state, out = session.run, start.state, session.out
    for line in session.describe(start):
        log.say(line)
    for call in session.calls(start.step):
        state = session.enter(call, state, start.rollbacks)
        state, metrics = _called(call, state, start, log)
        step, stage = call.step, call.stage
        log.add(step, metrics, call.taken)
        stop = agreed(received, step, run.log.every)  # asked once: a signal may come at any time
        due = session.evaluations and (step == run.steps or step % run.evaluate.every == 0)
        if due and not stop:  # before the save: a killed run evaluates again
            stop = _evaluate(session, stage, state, step, log, received)
        last = step == run.steps or stop
        saving = last or step % run.checkpoint.every == 0
        sampling = last or step % run.sample.every == 0
        if saving or sampling or step % run.log.every == 0:
            log.flush()  # raises before a broken state could be saved
        with log.paused():
            if saving:
                session.checkpoints.save(state, step)
            session.store_averages(state, step, log.say)
            if sampling:
                _sample(session, stage, state, step, log)
        if last:
            session.checkpoints.finish(step)
        if stop:
            log.say(f"stopped by a signal and saved at step {step}; go on with --out {out}")
            return stop
    for line in session.summary(log):
        log.say(line)
    return 0


def _evaluate(
    session: Session, stage: Stage, state: TrainState, step: int, log: Logger, received: list[int]
) -> int:
    """Measures the run; returns the signal that cut the evaluation short, else 0."""
    log.flush()  # raises before a broken state is measured
    try:
        with log.paused():
            go_on = functools.partial(raise_if_stopped, received)
            session.evaluations[stage.index](state, step, session.out, log, go_on)
    except StoppedError:
        log.say(f"step {step}: the evaluation was cut short by a signal")
        return received[0]
    return 0


def _called(call: Call, state: TrainState, start: Start, log: Logger) -> tuple[TrainState, Any]:
    """The state and the metrics of a call; reports compilation and its duration."""
    if not call.compiles:
        return call(state, start.root)
    begin, what = time.perf_counter(), "step" if call.taken == 1 else f"{call.taken} steps"
    log.say(f"compiling the {what} for {call.stage.devices.kind} ...")
    with log.paused():
        result = call(state, start.root)
    log.say(f"compiled the {what} in {time.perf_counter() - begin:.1f} s")
    return result


def _sample(session: Session, stage: Stage, state: TrainState, step: int, log: Logger) -> None:
    """Reports the run's health and writes the sample sheet."""
    sheets = stage.show(state, session.show_key)
    log.report(step, *map(stage.diversity, sheets))
    rows = stage.classes_of_rows(sheets[0])
    log.write_sheet(step, *(first_rows(sheets) if len(sheets) > 1 else (sheets[0], rows)))
