"""Check sums beside a checkpoint: they tell a file that has changed from one that was written so.

Orbax's own formats detect a file that is cut short, but not a flipped bit in an array.
"""

import hashlib
import json
from pathlib import Path

from jaxgan.system.files import write_whole

SUMS = "sums.json"
"""SHA-256 of each file of a folder, by its path there."""


def write(folder: Path, part: str) -> None:
    """Writes the sums of the files below ``folder/part``."""
    files = (path for path in sorted((folder / part).rglob("*")) if path.is_file())
    found = {path.relative_to(folder).as_posix(): _sum(path) for path in files}
    write_whole(folder / SUMS, json.dumps(found, indent=0) + "\n")


def differing(folder: Path) -> str | None:
    """The first file that differs from its sum, in words; "": none does; None: there are no sums.

    Raises:
      OSError: a file cannot be read, which proves nothing about its contents.
    """
    try:
        sums = json.loads((folder / SUMS).read_text())
    except (FileNotFoundError, ValueError):  # of an older run, or damaged themselves
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
