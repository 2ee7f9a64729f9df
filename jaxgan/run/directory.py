"""A run directory: data that executes nothing when opened.

config.json, metrics.jsonl, losses.png, samples.png, samples/, tensorboard/, checkpoints/, and where
there were any best/ and rollbacks.json.
"""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from jaxgan.core import Spec
from jaxgan.errors import InputError
from jaxgan.run import config
from jaxgan.run.config import Run

CONFIG = "config.json"
"""The file that makes a folder a run."""

_ENTRIES = (
    CONFIG,
    "metrics.jsonl",
    "losses.png",
    "samples.png",
    "samples",
    "tensorboard",
    "checkpoints",
    "best",
    "rollbacks.json",
)


def default_directory(run: Run) -> Path:
    """``runs/NAME-TIME``."""
    return Path("runs") / f"{run.name}-{time.strftime('%Y%m%d-%H%M%S')}"


def prepare(directory: Path, run: Run, spec: Spec, fresh: bool = False) -> None:
    """Makes the directory, or checks that it continues the same run.

    Raises:
      InputError: for a directory that is no run, or the run of another config.
    """
    if directory.exists() and not directory.is_dir():
        raise InputError(f"out: {directory} is a file; name a directory")
    new = config.encode(run)
    if directory.is_dir() and any(directory.iterdir()):
        old = read(directory)["run"]
        if fresh:
            _clear(directory)
        elif lines := config.differences(old, new):
            raise InputError(
                f"out: {directory} holds a run of another config ({'; '.join(lines)}); choose"
                " another --out, or start over with --fresh"
            )
    for name in ("samples", "checkpoints"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    text = json.dumps({"jaxgan": 1, "run": new, "spec": spec._asdict()}, indent=2)
    part = directory / ".config.json.part"
    part.write_text(text + "\n")
    os.replace(part, directory / CONFIG)


def read(directory: Path) -> dict[str, Any]:
    """The contents of config.json.

    Raises:
      InputError: when the directory holds no run.
    """
    path = directory / CONFIG
    if not path.is_file():
        raise InputError(f"out: {directory} is not a run directory: it has no config.json")
    try:
        content = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise InputError(f"out: {path} is not JSON ({error})") from None
    if not isinstance(content, dict) or not {"jaxgan", "run", "spec"} <= content.keys():
        raise InputError(f"out: {directory} is not a run directory: {path} was not made by jaxgan")
    return content


def read_spec(content: dict[str, Any]) -> Spec:
    """The shape of the data that the run was made for."""
    spec: dict[str, Any] = content["spec"]
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in spec.items()}
    return Spec(**fields)


def read_rollbacks(directory: Path) -> int:
    """How often the run has gone back to its last checkpoint.

    Raises:
      InputError: when rollbacks.json holds no number.
    """
    path = directory / "rollbacks.json"
    if not path.is_file():
        return 0
    try:
        return int(path.read_text())
    except ValueError:
        raise InputError(f"out: {path} holds no number; start over with --fresh") from None


def write_rollbacks(directory: Path, count: int) -> None:
    """Counts them for a run that is interrupted and goes on.

    Raises:
      InputError: when there is no room for it: without it a resumed run would be another one.
    """
    path, part = directory / "rollbacks.json", directory / ".rollbacks.json.part"
    try:
        part.write_text(f"{count}\n")
        os.replace(part, path)
    except OSError as error:
        raise InputError(f"out: {path} was not written: {error}; make room there") from None


def _clear(directory: Path) -> None:
    """Deletes what a run makes, and nothing else that somebody put there."""
    for name in _ENTRIES:
        path = directory / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
