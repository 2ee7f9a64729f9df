"""Several processes, on one host or many, that train one run together."""

import ctypes
import importlib.util
import os
import signal
import sys
from typing import Any, NoReturn

import jax
import numpy as np
from jax.experimental import multihost_utils

from jaxgan.config import Parallel
from jaxgan.errors import InputError

HEARTBEAT = 30
"""Seconds of silence after which a process counts as gone."""
LOST = 3
"""Exit code of a process that lost another one."""


def initialize(parallel: Parallel) -> None:
    """Joins the other processes, where there are any; before JAX is used.

    Raises:
      InputError: when they cannot be reached.
    """
    if parallel.coordinator is None and not _detected():
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
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"parallel.coordinator: the processes did not meet: {reason}") from None
    _explain_abort()


@ctypes.CFUNCTYPE(None, ctypes.c_int)
def _aborted(number: int) -> None:
    leave(lost(f"signal {number}"), LOST)


def _explain_abort() -> None:
    """JAX aborts a process that misses another one. Its last words are to be a line of ours.

    A handler by ``signal.signal`` would wait for the interpreter's main thread, which waits for the
    process that is gone.
    """
    c: Any = ctypes.CDLL(None).signal
    c.restype, c.argtypes = ctypes.c_void_p, [ctypes.c_int, type(_aborted)]
    c(signal.SIGABRT, _aborted)


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


def is_first() -> bool:
    """Whether this process writes logs and pictures."""
    return jax.process_index() == 0


def meet(name: str) -> None:
    """Waits until all processes are here."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)


def agree(number: int) -> int:
    """The largest of the processes' numbers."""
    if jax.process_count() == 1:
        return number
    return int(np.max(multihost_utils.process_allgather(np.int32(number))))


def leave(line: str, code: int) -> NoReturn:
    """Says why this process ends, and ends it without a last meeting with the others."""
    print(line, file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(code)


def lost(error: Any) -> str:
    """The line for an error in what processes do together."""
    reason = str(error).strip().splitlines()[0][:200]
    return (
        f"error: process {jax.process_index()} of {jax.process_count()} lost another one"
        f" ({reason}); start the run again, on as many devices as you have: it goes on from its"
        " last checkpoint"
    )
