"""One process writes in a run directory: it holds the lock, which says who it is."""

import contextlib
import itertools
import os
import platform
import time
from pathlib import Path

import filelock

from jaxgan.errors import InputError

LOCK = ".lock"
"""The file that the writer holds; it stays when the run ends, and says who wrote there last."""


def lock(directory: Path) -> filelock.BaseFileLock:
    """The lock of the one process that writes there, held until it is released.

    Raises:
      InputError: another process holds it; the line says which.
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
    with contextlib.suppress(OSError):  # a full disk: the lock holds without a name on it
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        path.write_text(f"process {os.getpid()} on {platform.node()} since {since}\n")
    return held


def claim(directory: Path) -> Path:
    """A new directory of this name, or with ``-2``, ``-3`` after it where others were faster."""
    for count in itertools.count(1):
        path = directory if count == 1 else directory.with_name(f"{directory.name}-{count}")
        with contextlib.suppress(FileExistsError):
            path.mkdir(parents=True)
            return path
    raise AssertionError
