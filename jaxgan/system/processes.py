"""Several processes, on one host or many, that train one run together."""

import importlib.util
import os
import sys
from dataclasses import dataclass
from typing import Any, NoReturn

import jax
import numpy as np
from jax.experimental import multihost_utils

from jaxgan.errors import InputError, first_line

HEARTBEAT = 30
"""Seconds of silence after which a process counts as gone."""
LOST = 3
"""Exit code of a process that lost another one, unless JAX aborts it (SIGABRT)."""


@dataclass(frozen=True, kw_only=True)
class Processes:
    """Processes that work together."""

    coordinator: str | None = None
    """HOST:PORT of process 0; None: as SLURM, Open MPI or Kubernetes say, else one process."""
    processes: int | None = None
    """How many processes, where there is a coordinator."""
    process: int | None = None
    """This one's number, from 0, where there is a coordinator."""

    def __post_init__(self) -> None:
        count, this = self.processes, self.process
        if (self.coordinator is None) != (count is None) or (count is None) != (this is None):
            raise InputError(
                "parallel.coordinator: coordinator, processes and process go together: state all"
                " three or none"
            )
        if count is not None and this is not None and not 0 <= this < count:
            raise InputError(f"parallel.process: {this} is not one of 0 to {count - 1}")


def initialize(parallel: Processes) -> None:
    """Joins the other processes, where there are any and the program has not; before JAX is used.

    Raises:
      InputError: when they cannot be reached.
    """
    if jax.distributed.is_initialized() or (parallel.coordinator is None and not _detected()):
        return
    try:
        jax.distributed.initialize(
            parallel.coordinator,
            parallel.processes,
            parallel.process,
            initialization_timeout=120,
            heartbeat_timeout_seconds=HEARTBEAT,
            shutdown_timeout_seconds=2 * HEARTBEAT,
        )
    except (RuntimeError, ValueError) as error:
        reason = first_line(error)
        raise InputError(f"parallel.coordinator: the processes did not meet: {reason}") from None


def _detected() -> bool:
    """Whether SLURM, Open MPI or Kubernetes started several processes, as JAX detects them."""
    environ = os.environ
    if (
        int(environ.get("SLURM_STEP_NUM_TASKS", 1)) > 1
        or int(environ.get("OMPI_COMM_WORLD_SIZE", 1)) > 1
    ):
        return True
    inside = "KUBERNETES_SERVICE_HOST" in environ and "JOB_COMPLETION_INDEX" in environ
    return inside and importlib.util.find_spec("kubernetes") is not None  # jax[k8s]


def comes_first(parallel: Processes) -> bool:
    """:func:`is_first`, before the processes have met: as the config or the cluster says."""
    if parallel.process is not None:
        return parallel.process == 0
    ranks = ("SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "JOB_COMPLETION_INDEX")
    return not _detected() or all(int(os.environ.get(rank, 0)) == 0 for rank in ranks)


def is_first() -> bool:
    """Whether this process writes logs and pictures."""
    return jax.process_index() == 0


def meet(name: str) -> None:
    """Waits until all processes are here."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)


def agree(number: int) -> int:
    """The largest of the processes' numbers."""
    return int(np.max(_each(number)))


def total(number: int) -> int:
    """The sum of the processes' numbers."""
    return int(np.sum(_each(number)))


def _each(number: int) -> np.ndarray:
    if jax.process_count() == 1:
        return np.array([number])
    return multihost_utils.process_allgather(np.int32(number))


def leave(line: str, code: int) -> NoReturn:
    """Ends this process without a last meeting with the others; its last line says why."""
    print(line, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def lost(error: Any) -> str:
    """The line for an error in what processes do together.

    It is not always said: JAX's own thread may abort a process that misses another one first.
    """
    return (
        f"error: process {jax.process_index()} of {jax.process_count()} lost another one"
        f" ({first_line(error)}); start the run again, on as many devices as you have: it goes on"
        " from its last checkpoint"
    )
