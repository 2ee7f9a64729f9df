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
"""Seconds without a heartbeat after which a process counts as lost."""
LOST = 3
"""Exit code of a process that lost another one, unless JAX aborts it (SIGABRT)."""


@dataclass(frozen=True, kw_only=True)
class Processes:
    """Processes that work together."""

    coordinator: str | None = None
    """Address HOST:PORT of process 0; None: detected from SLURM, Open MPI or Kubernetes, else a
    single process."""
    processes: int | None = None
    """Number of processes, if a coordinator is given."""
    process: int | None = None
    """Number of this process, from 0, if a coordinator is given."""

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
    """Joins the other processes, if there are any and they are not joined yet.

    Must be called before JAX is used.

    Raises:
      InputError: the other processes cannot be reached.
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
    """:func:`is_first` before the processes have joined, by the config or the cluster."""
    if parallel.process is not None:
        return parallel.process == 0
    ranks = ("SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "JOB_COMPLETION_INDEX")
    return not _detected() or all(int(os.environ.get(rank, 0)) == 0 for rank in ranks)


def is_first() -> bool:
    """Whether this process writes logs and pictures."""
    return jax.process_index() == 0


def meet(name: str) -> None:
    """Waits until all processes have reached this point."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)


def agree(number: int) -> int:
    """The largest of the numbers that the processes pass."""
    return int(np.max(_each(number)))


def total(number: int) -> int:
    """The sum of the numbers that the processes pass."""
    return int(np.sum(_each(number)))


def _each(number: int) -> np.ndarray:
    if jax.process_count() == 1:
        return np.array([number])
    return multihost_utils.process_allgather(np.int32(number))


def leave(line: str, code: int) -> NoReturn:
    """Prints a line that says why, and ends this process without waiting for the others."""
    print(line, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def lost(error: Any) -> str:
    """The line to print for an error in a joint operation of the processes.

    It is not always printed: JAX's own thread may abort the process first.
    """
    return (
        f"error: process {jax.process_index()} of {jax.process_count()} lost another one"
        f" ({first_line(error)}); start the run again, on as many devices as you have: it goes on"
        " from its last checkpoint"
    )
