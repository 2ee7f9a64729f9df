"""The lock of a run directory: one process at a time writes there, and the lock names it."""

import contextlib
import itertools
import os
import platform
import time
from pathlib import Path

import filelock

from jaxgan.errors import InputError

LOCK = ".lock"
"""File that the writer locks; it remains after the run and names the last writer."""


def lock(directory: Path) -> filelock.BaseFileLock:
    """Acquires the lock of a run directory; the caller releases it.

    Raises:
      InputError: another process holds it; the message names the process.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / LOCK
    held = filelock.FileLock(path, timeout=0)
    try:
        held.acquire()
    except filelock.Timeout:
        owner = path.read_text(errors="replace").strip()
        raise InputError(
            f"out: another process is training in {directory}{owner and f' ({owner})'}; wait for it"
            " or choose another --out"
        ) from None
    with contextlib.suppress(OSError):  # on a full disk the lock holds, but names nobody
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        path.write_text(f"process {os.getpid()} on {platform.node()} since {since}\n")
    return held


def claim(directory: Path) -> Path:
    """Makes a new directory; appends ``-2``, ``-3``, ... to the name if it exists already."""
    for count in itertools.count(1):
        path = directory if count == 1 else directory.with_name(f"{directory.name}-{count}")
        with contextlib.suppress(FileExistsError):
            path.mkdir(parents=True)
            return path
    raise AssertionError
