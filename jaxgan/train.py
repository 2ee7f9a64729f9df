"""The one training loop: ``python -m jaxgan.train [CONFIG.py] [--field value ...]``."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan import cli, default, images
from jaxgan.config import Run
from jaxgan.describe import describe
from jaxgan.logging import Logger
from jaxgan.prepare import open_data, prepare


def train(run: Run, fresh: bool = False) -> int:
    """Runs an experiment, or goes on with it where its directory left off.

    Returns:
      The signal that ended it early, 0 where it reached its last step.

    Raises:
      InputError: for bad input, a finished run, or parameters that are no longer finite.
    """
    ready = prepare(run, fresh)
    out, state, start, checkpoints = ready.out, ready.state, ready.start, ready.checkpoints
    log = Logger(out, start, run.steps, ready.images_per_step)
    with contextlib.closing(log), contextlib.closing(checkpoints), _stop_signals() as received:
        log.say(f"{out}: from step {start}, keeps the newest {run.checkpoint.keep} checkpoints")
        for step in range(start + 1, run.steps + 1):
            batch = next(ready.batches)
            state, metrics = ready.step(state, batch, ready.root)
            log.add(step, metrics)
            stop = received[0] if received else 0  # once: a signal may come at any line
            last = step == run.steps or stop
            saving = last or step % run.checkpoint.every == 0
            if saving or step % run.log.every == 0:
                log.flush()  # raises before a broken state could be saved
            with log.paused():
                if saving:
                    checkpoints.save(state, step)
                if last or step % run.sample.every == 0:
                    sheet = images.grid(np.asarray(ready.show(state, batch, ready.show_key)))
                    _draw(out, step, sheet, log)
            if last:
                checkpoints.finish(step)
            if stop:
                log.say(f"stopped by a signal and saved at step {step}; go on with --out {out}")
                return stop
        log.say(f"done: {out}/samples.png; more by python -m jaxgan.sample {out} --out x.png")
    return 0


def _draw(out: Path, step: int, sheet: np.ndarray, log: Logger) -> None:
    try:
        images.write_png(out / "samples" / f"{step:08d}.png", sheet)
        images.write_png(out / "samples.png", sheet)
        images.write_curves(out / "losses.png", log.records)
    except OSError as error:  # a full disk is no reason to lose the run
        log.say(f"step {step}: the sample sheet was not written: {error}; the run goes on")


@contextlib.contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Collects SIGTERM and Ctrl-C, so that the step in flight ends first; a second one kills."""
    received: list[int] = []

    def note(number: int, frame: Any) -> None:
        del frame
        if received:
            raise KeyboardInterrupt
        received.append(number)

    old = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield received
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def main(args: list[str]) -> int:
    """The command: CONFIG.py first, where there is one, then flags and fields."""
    flags = {"--fresh", "--dry-run"} & set(args)
    fields = [arg for arg in args if arg not in flags]
    run = default.config()
    if fields and not fields[0].startswith("-"):
        run = cli.load_config(fields.pop(0))
    run = cli.parse_run(run, fields, "python -m jaxgan.train [CONFIG.py] [--fresh] [--dry-run]")
    if "--dry-run" in flags:
        print(describe(run, open_data(run)[1]))
        return 0
    number = train(run, fresh="--fresh" in flags)
    return 128 + number if number else 0


if __name__ == "__main__":
    cli.main(main)
