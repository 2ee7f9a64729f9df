"""A run directory opened to be used: its algorithm and its newest weights."""

from pathlib import Path
from typing import NamedTuple

import jax

from jaxgan.core import Algorithm, Spec
from jaxgan.errors import InputError
from jaxgan.run import config, configs
from jaxgan.run import directory as rundir
from jaxgan.run.checkpoint import Checkpoints, abstract
from jaxgan.run.config import Run
from jaxgan.system.devices import Devices
from jaxgan.typing import Variables


class Trained(NamedTuple):
    """What a run has learnt."""

    run: Run
    spec: Spec
    algorithm: Algorithm
    step: int
    variables: dict[str, Variables]
    """By player, for ``algorithm.predict``."""


def open_run(
    directory: str | Path,
    averaged: bool = True,
    config_file: str | None = None,
    best: bool = False,
) -> Trained:
    """Opens a run directory; executes no code from it.

    Args:
      directory: what ``python -m jaxgan.train`` made.
      averaged: the moving average of the weights where the run keeps one, else the last ones.
      config_file: the config, for a run with nets or algorithms that are not jaxgan's own.
      best: the best checkpoint by the run's own evaluations, not the newest.

    Raises:
      InputError: when the directory is no run or has no readable checkpoint.
    """
    content = rundir.read(Path(directory))
    run = configs.load_config(config_file) if config_file else config.decode(content["run"])
    spec = rundir.read_spec(content)
    algorithm, devices = run.algorithm.build(spec), Devices(1)
    batch = spec.batch(2, algorithm.batches_per_step)
    like = jax.eval_shape(algorithm.init, jax.random.key(0), batch)
    kind = "best" if best else "checkpoints"
    if best and not (Path(directory) / kind).is_dir():
        raise InputError(f"best: {directory} was not evaluated: train it with --evaluate.every")
    checkpoints = Checkpoints(Path(directory) / kind, run.checkpoint.keep)
    state = checkpoints.restore(abstract(like, devices.of_state(like)))
    checkpoints.close()
    if state is None:
        raise InputError(f"run: {directory} has no checkpoint yet; train it first")
    variables = {
        name: player.averaged if averaged else player.variables
        for name, player in state.players.items()
    }
    return Trained(run, spec, algorithm, int(state.step), variables)
