"""Checksums beside a checkpoint: they reveal files that have changed since they were written.

Orbax's own formats detect a truncated file, but not a flipped bit in an array.
"""

import hashlib
import json
from pathlib import Path

from jaxgan.system.files import write_whole

SUMS = "sums.json"
"""File with the SHA-256 of each file of the checkpoint, by relative path."""


def write(folder: Path, part: str) -> None:
    """Writes the checksums of all files below ``folder/part``."""
    files = (path for path in sorted((folder / part).rglob("*")) if path.is_file())
    found = {path.relative_to(folder).as_posix(): _sum(path) for path in files}
    write_whole(folder / SUMS, json.dumps(found, indent=0) + "\n")


def differing(folder: Path) -> str | None:
    """A message about the first file that has changed; "" if none has; None without checksums.

    Raises:
      OSError: a file cannot be read, which proves nothing about its contents.
    """
    try:
        sums = json.loads((folder / SUMS).read_text())
    except (FileNotFoundError, ValueError):  # an older run, or damaged checksums
        return None
    for name, expected in sums.items():
        try:
            if _sum(folder / name) != expected:
                return f"{name} has changed since it was written"
        except FileNotFoundError:
            return f"{name} is missing"
    return ""


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
