"""Files that are written whole or not at all, and the cache directory."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import platformdirs


def write_whole(path: Path, data: bytes | str | Callable[[BinaryIO], Any]) -> None:
    """Writes a file under another name and then renames it: a crash leaves the old one.

    Args:
      path: the file, in a directory that exists.
      data: the contents, or a function that writes them to an open file.

    Raises:
      OSError: the disk is full or the directory is not writable; the old file stays.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")  # of two writers the last one wins
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

    ``~/.cache/jaxgan`` on Linux, or below ``XDG_CACHE_HOME``. Whoever writes to it creates it.
    """
    return platformdirs.user_cache_path("jaxgan")
