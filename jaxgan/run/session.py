"""A run made ready for the loop: data, algorithm, devices, directory, and state new or restored."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import jax

from jaxgan.core import Algorithm, Spec, TrainState
from jaxgan.data.examples import Source, Unpaired
from jaxgan.data.pipeline import batches
from jaxgan.data.sources.opening import image_shape, open_source
from jaxgan.errors import InputError, NotFiniteError
from jaxgan.run import config, directory, health
from jaxgan.run.checkpoint import Checkpoints, abstract
from jaxgan.run.config import Run
from jaxgan.run.evaluating import Evaluations
from jaxgan.run.logging import Logger
from jaxgan.run.programs import Call, calls
from jaxgan.system import processes
from jaxgan.system.devices import Devices
from jaxgan.typing import PRNGKey

ROLLBACKS = 3
"""How often a run may go back to its last checkpoint."""


class Ready(NamedTuple):
    """All that the loop needs."""

    out: Path
    """The run directory."""
    algorithm: Algorithm
    state: TrainState
    start: int
    """Steps that the state has taken."""
    calls: Iterator[Call]
    """From step ``start`` on."""
    root: PRNGKey
    show_key: PRNGKey
    checkpoints: Checkpoints
    images_per_step: int
    reals: health.Bank | None
    """What a sheet is compared with; None of an algorithm that translates."""
    evaluations: Evaluations | None
    """Where the run's images are measured."""
    rollbacks: int
    """How often the run has gone back; each time to other keys."""
    back: Callable[[int], "Ready"]
    """``rollbacks -> Ready`` at the last checkpoint, or at step 0 where there is none."""

    def logger(self, steps: int) -> Logger:
        """The log of a run of ``steps`` steps, which the first process writes."""
        return Logger(self.out, self.start, steps, self.images_per_step, processes.is_first())

    @property
    def use(self) -> str:
        """The command that uses what was trained."""
        if self.algorithm.translation is None:
            return f"sample {self.out} --out x.png"
        return f"translate {self.out} --in x.png --out y"


def open_data(run: Run) -> tuple[Source | Unpaired, Spec]:
    """The run's source, and what an algorithm needs to know of it."""
    source = open_source(run.data)
    shape = image_shape(source, run.data)
    paired = isinstance(source, Source) and len(source.images) > 1
    return source, Spec(shape, source.num_classes, run.steps, source.images, paired)


def prepare(run: Run, fresh: bool = False, devices: Devices | None = None) -> Ready:
    """Makes or continues the run; no file is touched before the config is known to work.

    Raises:
      InputError: for bad input, or a finished run.
    """
    config.check(run)
    source, spec = open_data(run)
    algorithm, devices = run.algorithm.build(spec), devices or Devices(parallel=run.parallel)
    devices.check(run.data.batch_size)
    n, size = algorithm.batches_per_step, run.data.batch_size
    init_key, root, show_key = jax.random.split(jax.random.key(run.seed), 3)
    stream = batches(source, run.data, seed=run.seed, batches_per_step=n)
    first = next(stream)
    like = jax.eval_shape(algorithm.init, init_key, first)
    samples = algorithm.translation is None and "image" in first
    reals = health.bank(itertools.chain([first], stream)) if samples else None
    evaluations = None
    if run.evaluate.every:
        evaluations = Evaluations(run, algorithm, spec.image_shape)

    out = _directory(run, spec, fresh)
    checkpoints = Checkpoints(out / "checkpoints", run.checkpoint.keep)
    calls_from = calls(run, source, algorithm, devices, like)

    def back(rollbacks: int) -> Ready:
        checkpoints.wait()
        state = checkpoints.restore(abstract(like, devices.of_state(like)))
        if state is None:
            state = devices.init(algorithm, _folded(init_key, rollbacks), first)
        start = int(state.step)
        return Ready(
            out=out,
            algorithm=algorithm,
            state=state,
            start=start,
            calls=calls_from(start),
            root=_folded(root, rollbacks),
            show_key=show_key,
            checkpoints=checkpoints,
            images_per_step=n * size,
            reals=reals,
            evaluations=evaluations,
            rollbacks=rollbacks,
            back=back,
        )

    ready = back(directory.read_rollbacks(out))
    if ready.start >= run.steps:
        raise InputError(
            f"steps: the run in {out} is finished ({ready.start} of {run.steps} steps): raise"
            " --steps to go on, choose another --out, or start over with --fresh"
        )
    return ready


def roll_back(run: Run, ready: Ready, error: NotFiniteError) -> int:
    """Counts one more rollback, in the run directory too.

    Raises:
      NotFiniteError: where the run is to stop, or has gone back often enough.
    """
    if run.on_nan == "stop":
        raise error
    if ready.rollbacks == ROLLBACKS:
        raise NotFiniteError(f"on_nan: went back {ROLLBACKS} times, and still at {error}")
    if processes.is_first():
        directory.write_rollbacks(ready.out, ready.rollbacks + 1)
    processes.meet("rollback")
    return ready.rollbacks + 1


def _folded(key: PRNGKey, rollbacks: int) -> PRNGKey:
    """The key itself before the first rollback, then another one after each."""
    return jax.random.fold_in(key, rollbacks) if rollbacks else key


def _directory(run: Run, spec: Spec, fresh: bool) -> Path:
    """The run directory, which the first of several processes makes."""
    if not run.out and jax.process_count() > 1:
        raise InputError("out: several processes need one --out, on a disk that they share")
    out = Path(run.out) if run.out else directory.default_directory(run)
    if processes.is_first():
        directory.prepare(out, run, spec, fresh)
    processes.meet("directory")
    return out
