"""A run directory: data only, so opening one executes no code.

It holds config.json, metrics.jsonl, losses.png, samples.png, samples/, tensorboard/, checkpoints/,
and if needed best/, rollbacks.json and frozen.json. One writer at a time holds its lock.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import typeguard

from jaxgan.core import Feature, Frozen, Spec
from jaxgan.data.dataset import Scaling
from jaxgan.errors import InputError, first_line
from jaxgan.run import config
from jaxgan.run.clearing import clear, sweep
from jaxgan.run.config import Run
from jaxgan.run.lock import LOCK
from jaxgan.system.files import write_whole

CONFIG = "config.json"
"""Name of the config file; a folder that holds one is a run."""
ROLLBACKS = "rollbacks.json"
FROZEN = "frozen.json"


class Facts(NamedTuple):
    """Facts about the data, kept in the run directory so that a run opens without its data."""

    spec: Spec
    """Spec that the method was built for."""
    legs: Sequence[Mapping[str, Feature]]
    """Features of a batch in each leg."""
    scaling: Mapping[str, Scaling]
    """Statistics of the arrays in the training part."""
    class_names: tuple[str, ...]
    columns: tuple[str, ...] = ()
    """Column names of a table or a series."""


def default_directory(run: Run) -> Path:
    """``runs/NAME-TIME``."""
    return Path("runs") / f"{run.name}-{time.strftime('%Y%m%d-%H%M%S')}"


def check(directory: Path, run: Run, fresh: bool = False) -> Facts | None:
    """Facts of the run to be continued there, or None if a new run begins. Writes nothing.

    Raises:
      InputError: the directory is not a run, or the run has another config.
    """
    if directory.exists() and not directory.is_dir():
        raise InputError(f"out: {directory} is a file; name a directory")
    if not directory.is_dir() or all(_is_begun(path.name) for path in directory.iterdir()):
        return None
    content = read(directory)
    if fresh:
        return None
    if lines := config.differences(content["run"], run):
        raise InputError(
            f"out: {directory} holds a run of another config ({'; '.join(lines)}); choose"
            " another --out, or start over with --fresh"
        )
    return facts(content)


def _is_begun(name: str) -> bool:
    """Whether a run that was killed before it wrote its config leaves a file of this name."""
    return name == LOCK or re.fullmatch(rf"\.{re.escape(CONFIG)}\..*part", name) is not None


def prepare(directory: Path, run: Run, known: Facts, fresh: bool = False) -> None:
    """Makes or continues a directory that :func:`check` allows; writes its config first."""
    clear(directory) if fresh else sweep(directory)
    content = {"jaxgan": 1, "run": config.encode(run), **_encode(known)}
    directory.mkdir(parents=True, exist_ok=True)
    write_whole(directory / CONFIG, json.dumps(content, indent=2) + "\n")
    for name in ("samples", "checkpoints"):
        (directory / name).mkdir(exist_ok=True)


def read(directory: Path) -> dict[str, Any]:
    """The contents of config.json.

    Raises:
      InputError: the directory holds no run.
    """
    path = directory / CONFIG
    if not path.is_file():
        raise InputError(f"out: {directory} is not a run directory: it has no config.json")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:  # also of bytes that are no UTF-8
        raise InputError(f"out: {path} is not JSON ({first_line(error)})") from None
    if not _is_shallow(content):
        raise InputError(f"out: {path} was not made by jaxgan: it is nested too deeply")
    known = isinstance(content, dict) and {"jaxgan", "run", "spec"} <= content.keys()
    if not known or not isinstance(content["run"], dict):
        raise InputError(f"out: {directory} is not a run directory: {path} was not made by jaxgan")
    if content["jaxgan"] != 1:
        raise InputError(
            f"out: {path} is of version {content['jaxgan']}; this jaxgan reads 1: update it"
        )
    return content


def _is_shallow(content: Any, levels: int = 50) -> bool:
    items = content.values() if isinstance(content, dict) else content
    inner = items if isinstance(content, dict | list) else ()
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in inner)


def facts(content: dict[str, Any]) -> Facts:
    """Facts about the data, from the contents of config.json.

    Raises:
      InputError: another version of jaxgan wrote it.
    """
    try:
        spec = content["spec"]
        found = Facts(
            Spec(_features(spec["features"]), spec["steps"], spec["first"], spec.get("horizon")),
            [_features(features) for features in content["legs"]],
            {
                name: Scaling(*(np.asarray(values, np.float64) for values in pair))
                for name, pair in content["scaling"].items()
            },
            tuple(content["class_names"]),
            tuple(content["columns"]),
        )
        typeguard.check_type(
            found._replace(scaling={}),  # made of arrays above, of any size
            Facts,
            collection_check_strategy=typeguard.CollectionCheckStrategy.ALL_ITEMS,
        )
    except (KeyError, TypeError, ValueError, AttributeError, typeguard.TypeCheckError) as error:
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise InputError(f"out: config.json was made by another jaxgan ({reason})") from None
    return found


def _encode(known: Facts) -> dict[str, Any]:
    def features(given: Mapping[str, Feature]) -> dict[str, Any]:
        return {name: feature._asdict() for name, feature in given.items()}

    return {
        "spec": {**known.spec._asdict(), "features": features(known.spec.features)},
        "legs": [features(leg) for leg in known.legs],
        "scaling": {
            name: [np.asarray(values).tolist() for values in pair]
            for name, pair in known.scaling.items()
        },
        "class_names": list(known.class_names),
        "columns": list(known.columns),
    }


def _features(content: dict[str, Any]) -> dict[str, Feature]:
    return {
        name: Feature(**{**fields, "shape": tuple(fields["shape"])})
        for name, fields in content.items()
    }


def read_rollbacks(directory: Path) -> int:
    """How many times the run has returned to its last checkpoint.

    Raises:
      InputError: rollbacks.json holds no number.
    """
    path = directory / ROLLBACKS
    if not path.is_file():
        return 0
    try:
        return int(path.read_text())
    except ValueError:
        raise InputError(f"out: {path} holds no number; start over with --fresh") from None


def write_rollbacks(directory: Path, count: int) -> None:
    """Records the number of rollbacks, which a resumed run needs to reach the same result.

    Raises:
      InputError: the file cannot be written; without it a resumed run would differ.
    """
    path = directory / ROLLBACKS
    try:
        write_whole(path, f"{count}\n")
    except OSError as error:
        raise InputError(f"out: {path} was not written: {error}; make room there") from None


def check_frozen(directory: Path, frozen: Mapping[str, Frozen]) -> None:
    """Compares frozen weights with the hashes, if any, that the run recorded.

    Raises:
      InputError: a weights file differs from the one that the run was trained with.
    """
    path = directory / FROZEN
    kept = json.loads(path.read_text()) if path.is_file() else {}
    for name, old in kept.items():
        new = frozen.get(name)
        if new is not None and new.sha256 != old["sha256"]:
            raise InputError(
                f"out: the run in {directory} was trained with frozen weights {name!r} of SHA-256"
                f" {old['sha256'][:12]} ({old['file']}), and {new.file} has {new.sha256[:12]}; use"
                " that file"
            )


def write_frozen(directory: Path, frozen: Mapping[str, Frozen]) -> None:
    """Records the file and hash of frozen weights, if the run has any."""
    if frozen:
        content = {
            name: {"file": value.file, "sha256": value.sha256} for name, value in frozen.items()
        }
        write_whole(directory / FROZEN, json.dumps(content, indent=2) + "\n")
