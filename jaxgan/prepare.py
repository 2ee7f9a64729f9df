"""A run made ready for the loop: data, algorithm, devices, directory, and state new or restored."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jax

from jaxgan import config, hosts, rundir
from jaxgan.calls import Call, calls
from jaxgan.checkpoint import Checkpoints, abstract
from jaxgan.config import Run
from jaxgan.core import Algorithm, Spec, TrainState
from jaxgan.data.examples import Source, Unpaired
from jaxgan.data.pipeline import batches
from jaxgan.data.source import image_shape, open_source
from jaxgan.errors import InputError
from jaxgan.parallel import Devices
from jaxgan.typing import PRNGKey


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
    first = next(batches(source, run.data, seed=run.seed, batches_per_step=n))
    like = jax.eval_shape(algorithm.init, init_key, first)

    out = _directory(run, spec, fresh)
    checkpoints = Checkpoints(out / "checkpoints", run.checkpoint.keep)
    state = checkpoints.restore(abstract(like, devices.of_state(like)))
    state = devices.init(algorithm, init_key, first) if state is None else state
    start = int(state.step)
    if start >= run.steps:
        raise InputError(
            f"steps: the run in {out} is finished ({start} of {run.steps} steps): raise --steps to"
            " go on, choose another --out, or start over with --fresh"
        )
    return Ready(
        out=out,
        algorithm=algorithm,
        state=state,
        start=start,
        calls=calls(run, source, algorithm, devices, like, start),
        root=root,
        show_key=show_key,
        checkpoints=checkpoints,
        images_per_step=n * size,
    )


def _directory(run: Run, spec: Spec, fresh: bool) -> Path:
    """The run directory, which the first of several processes makes."""
    if not run.out and jax.process_count() > 1:
        raise InputError("out: several processes need one --out, on a disk that they share")
    out = Path(run.out) if run.out else rundir.default_directory(run)
    if hosts.is_first():
        rundir.prepare(out, run, spec, fresh)
    hosts.meet("directory")
    return out
