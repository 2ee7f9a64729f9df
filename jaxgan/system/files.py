"""Atomic writes of files, and the cache directory."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import platformdirs


def write_whole(path: Path, data: bytes | str | Callable[[BinaryIO], Any]) -> None:
    """Writes a file atomically, under a temporary name first: a crash leaves the old file.

    Args:
      path: the file, in a directory that exists.
      data: the contents, or a function that writes them to an open file.

    Raises:
      OSError: the disk is full or the directory is not writable; the old file stays.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")  # with two writers the last one wins
    try:
        with part.open("wb") as file:
            if callable(data):
                data(file)
            else:
                file.write(data.encode() if isinstance(data, str) else data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def cache_directory() -> Path:
    """The user's cache directory (compiled programs, weights, reference statistics).

    On Linux it is ``~/.cache/jaxgan``, or below ``XDG_CACHE_HOME``. Callers that write create it.
    """
    return platformdirs.user_cache_path("jaxgan")
