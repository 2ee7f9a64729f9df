"""The one training loop: ``python -m jaxgan.train [CONFIG.py] [--field value ...]``."""

import contextlib
from pathlib import Path

import numpy as np

from jaxgan import cli, default, hosts, images
from jaxgan.config import Run
from jaxgan.describe import describe
from jaxgan.logging import Logger
from jaxgan.prepare import open_data, prepare
from jaxgan.stopping import agreed, stop_signals
from jaxgan.xla import use_cache


def train(run: Run, fresh: bool = False) -> int:
    """Runs an experiment, or goes on with it where its directory left off.

    Returns:
      The signal that ended it early, 0 where it reached its last step.

    Raises:
      InputError: for bad input, a finished run, or parameters that are no longer finite.
    """
    ready, first = prepare(run, fresh), hosts.is_first()
    out, state, start, checkpoints = ready.out, ready.state, ready.start, ready.checkpoints
    log = Logger(out, start, run.steps, ready.images_per_step, writes=first)
    with contextlib.closing(log), contextlib.closing(checkpoints), stop_signals() as received:
        log.say(f"{out}: from step {start}, keeps the newest {run.checkpoint.keep} checkpoints")
        for step, program, feed in ready.calls:
            state, metrics = program.step(state, feed, ready.root)
            log.add(step, metrics, program.steps)
            stop = agreed(received, step, run.log.every)  # once: a signal may come at any line
            last = step == run.steps or stop
            saving = last or step % run.checkpoint.every == 0
            if saving or step % run.log.every == 0:
                log.flush()  # raises before a broken state could be saved
            with log.paused():
                if saving:
                    checkpoints.save(state, step)
                if last or step % run.sample.every == 0:
                    sheet = np.asarray(program.show(state, feed, ready.show_key))
                    if first:
                        _draw(out, step, images.grid(sheet, titles=ready.algorithm.titles), log)
            if last:
                checkpoints.finish(step)
            if stop:
                log.say(f"stopped by a signal and saved at step {step}; go on with --out {out}")
                return stop
        translates = ready.algorithm.translation is not None
        use = f"translate {out} --in x.png --out y" if translates else f"sample {out} --out x.png"
        log.say(f"done: {out}/samples.png; more by python -m jaxgan.{use}")
    return 0


def _draw(out: Path, step: int, sheet: np.ndarray, log: Logger) -> None:
    try:
        images.write_png(out / "samples" / f"{step:08d}.png", sheet)
        images.write_png(out / "samples.png", sheet)
        images.write_curves(out / "losses.png", log.records)
    except OSError as error:  # a full disk is no reason to lose the run
        log.say(f"step {step}: the sample sheet was not written: {error}; the run goes on")


def main(args: list[str]) -> int:
    """The command: CONFIG.py first, where there is one, then flags and fields."""
    flags = {"--fresh", "--dry-run"} & set(args)
    fields = [arg for arg in args if arg not in flags]
    run = default.config()
    if fields and not fields[0].startswith("-"):
        run = cli.load_config(fields.pop(0))
    run = cli.parse_run(run, fields, "python -m jaxgan.train [CONFIG.py] [--fresh] [--dry-run]")
    use_cache()
    hosts.initialize(run.parallel)
    if "--dry-run" in flags:
        print(describe(run, open_data(run)[1]))
        return 0
    number = train(run, fresh="--fresh" in flags)
    return 128 + number if number else 0


if __name__ == "__main__":
    cli.main(main)
