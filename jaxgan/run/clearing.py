"""Deletes the files that a run wrote in its directory, by name, and no file that a user added."""

import re
import shutil
from pathlib import Path

from jaxgan.run.checkpoint import ASIDE, UNFINISHED, is_own

_FILES = re.compile(
    r"metrics\.jsonl|losses\.png|samples\.png|rollbacks\.json|frozen\.json"
    r"|samples/\d{8,}\.png|averages/\d{8,}\.safetensors|tensorboard/events\.out\.tfevents\..*"
)
_FOLDERS = re.compile(rf"(checkpoints|best)/\d+|{ASIDE}\d+(-again)*")
_PARTS = re.compile(
    rf"(samples/|averages/)?\..*\.\d+\.part|(checkpoints|best)/\d+{re.escape(UNFINISHED)}.*"
)
"""Names of the remains of a process that was killed while it wrote a file or a checkpoint."""
_PLACES = ("", "samples", "averages", "tensorboard", "checkpoints", "best")


def clear(directory: Path) -> None:
    """Deletes all files of a run except its config, which the next run replaces.

    So a process that is killed meanwhile does no harm.
    """
    sweep(directory)
    for path, name in _entries(directory):
        if path.is_file() and _FILES.fullmatch(name):
            path.unlink()
        elif _FOLDERS.fullmatch(name) and is_own(path):
            shutil.rmtree(path)
    for place in filter(None, _PLACES):
        folder = directory / place
        if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
            folder.rmdir()


def sweep(directory: Path) -> None:
    """Removes half-written files; only for the process that holds the directory's lock."""
    for path, name in _entries(directory):
        if _PARTS.fullmatch(name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _entries(directory: Path) -> list[tuple[Path, str]]:
    """The paths in a run's own folders, with their names relative to the directory."""
    folders = [directory / place for place in _PLACES]
    paths = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    return [(path, path.relative_to(directory).as_posix()) for path in paths]
