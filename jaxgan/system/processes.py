"""Several processes, on one host or many, that train one run together."""

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, NoReturn

import jax
import numpy as np
from jax.experimental import multihost_utils

from jaxgan.errors import InputError

HEARTBEAT = 30
"""Seconds of silence after which a process counts as gone."""
LOST = 3
"""Exit code of a process that lost another one."""


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
    _set_witness()


_GUARD: list[int] = []
"""The pipe to the witness of this process."""

_WITNESS = """
import sys
line = sys.stdin.read() or sys.argv[1]
if line != "done":
    print(line, file=sys.stderr, flush=True)
"""


def _set_witness() -> None:
    """A small process that says the last line when this one has ended.

    JAX aborts a process that misses another one, from a thread of its own and while the interpreter
    may be locked: no handler in here is sure to run, and a line from here may come before the end
    of that thread's stack trace.
    """
    read, write = os.pipe()
    command = [sys.executable, "-S", "-c", _WITNESS, lost("it was aborted or killed")]
    subprocess.Popen(command, stdin=read, start_new_session=True)
    os.close(read)
    _GUARD.append(write)


def finished() -> None:
    """The command has ended well: the witness says nothing.

    Not at the interpreter's end, where JAX meets the other processes once more, and may abort.
    """
    _tell_witness("done")


def _tell_witness(line: str) -> None:
    """What it is to say when this process has ended, or "done"."""
    for pipe in _GUARD:
        os.write(pipe, line.encode())
    _GUARD.clear()


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
    if not _GUARD:
        print(line, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    _tell_witness(line)
    os._exit(code)


def lost(error: Any) -> str:
    """The line for an error in what processes do together, or for the end of this one."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    return (
        f"error: process {jax.process_index()} of {jax.process_count()} lost another one"
        f" ({reason}); start the run again, on as many devices as you have: it goes on from its"
        " last checkpoint"
    )
