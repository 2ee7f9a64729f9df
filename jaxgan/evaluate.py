"""Metrics of a run or of a folder: ``python -m jaxgan.evaluate IMAGES --reference SOURCE``."""

import json
import platform
import time
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import jax
import tyro

from jaxgan import cli
from jaxgan.data.config import Data
from jaxgan.errors import InputError
from jaxgan.measure import names
from jaxgan.measure.collecting import SEED, Statistics
from jaxgan.measure.measuring import Measure
from jaxgan.measure.protocol import Protocol
from jaxgan.measure.references import moments_file, write_moments
from jaxgan.measure.sets import ImageSet, as_they_are, as_trained_on, of_run
from jaxgan.run import directory
from jaxgan.run.opened import Trained, open_run
from jaxgan.system import processes
from jaxgan.system.compiler import use_cache
from jaxgan.system.processes import Processes


@dataclass(frozen=True, kw_only=True)
class Command(Protocol):
    """Measures images against reference images; prints JSON."""

    images: Annotated[str, tyro.conf.Positional]
    """Run directory, folder, or source such as npz:FILE."""
    reference: str | None = None
    """Folder, source, or file of pytorch-fid (.npz) to compare with; None: the run's own data."""
    n: int | None = None
    """Images; None: 50000 of a run, all of a folder."""
    split: str = "train"
    """Part of the images, where they are a source that has parts."""
    reference_split: str = "train"
    """Part of the reference."""
    tfds_dir: str | None = None
    """Folder of prepared TFDS data sets; None is TFDS's own default."""
    out: str | None = None
    """Writes the JSON to this file too."""
    save_statistics: str | None = None
    """Writes mean and covariance of the images' features to this .npz file, as pytorch-fid does."""
    best: bool = False
    """The run's best checkpoint, not its newest."""
    ema: bool = True
    """Averaged weights, where the run keeps them."""
    config: str | None = None
    """The config file, for a run with nets that are not jaxgan's own."""
    parallel: Processes = field(default_factory=Processes)
    """Processes that share the work."""


def evaluate(command: Command) -> dict[str, Any]:
    """What the command prints.

    Returns:
      "metrics" by name; "images", "reference", "features" and "seeds" that they depend on;
      "versions", "devices" and "seconds".

    Raises:
      InputError: for bad input; before the work where that is possible.
    """
    began = time.perf_counter()
    measure = Measure(command, moments=command.save_statistics is not None)
    trained = _trained(command)
    images = _images(command, trained)
    reference = _reference(command, trained, measure)
    known = None if reference is None else measure.reference(reference, images.size)
    if known is None:
        names.check(measure.metrics, None, images.size)
    looked_up = time.perf_counter()
    found = measure.images(images)
    collected = time.perf_counter()
    if command.save_statistics:
        write_moments(Path(command.save_statistics), found)
    values = {} if known is None and measure.compares else measure(known or Statistics(), found)
    return {
        "metrics": values,
        "images": _described(images, found),
        "reference": reference and known and _described(reference, known),
        "checkpoint": trained and {"step": trained.step, "best": command.best},
        "features": measure.features and {
            "name": measure.features.name, "sha256": measure.features.sha256
        },
        "seeds": {"images": command.seed, "subsets_and_splits": SEED},
        "versions": _versions(),
        "devices": f"{jax.device_count()} x {jax.devices()[0].device_kind}",
        "seconds": {
            "reference": round(looked_up - began, 2),
            "images": round(collected - looked_up, 2),
            "metrics": round(time.perf_counter() - collected, 2),
        },
    }  # fmt: skip


def _trained(command: Command) -> Trained | None:
    """The run, where the images are one's."""
    if not (Path(command.images) / directory.CONFIG).is_file():
        if command.best:
            raise InputError(f"best: {command.images} is no run, so it has no checkpoints")
        return None
    return open_run(command.images, command.ema, command.config, command.best)


def _images(command: Command, trained: Trained | None) -> ImageSet:
    if trained is None:
        data = Data(source=command.images, split=command.split, tfds_dir=command.tfds_dir)
        return as_they_are(data, command.n, command.seed)
    n = 50_000 if command.n is None else command.n
    return of_run(trained.algorithm, trained.variables, n, command.seed, command.images)


def _reference(
    command: Command, trained: Trained | None, measure: Measure
) -> ImageSet | Path | None:
    """The reference's images, or the file of its moments, or None where there is none to be."""
    name = command.reference
    if name is None and trained is None:
        if command.save_statistics or not measure.compares:
            return None
        raise InputError(
            "reference: images of a folder need some to be compared with: --reference FOLDER"
        )
    if path := moments_file(name):
        return path
    data = Data(source=name or "", split=command.reference_split, tfds_dir=command.tfds_dir)
    if trained is None:
        return as_they_are(data, field="reference")
    return as_trained_on(trained.run.data if name is None else data, trained.spec.image_shape)


def _described(images: ImageSet | Path, found: Statistics) -> dict[str, Any]:
    if isinstance(images, Path):
        return {"name": str(images), "n": None}
    unreadable = list(images.unreadable.values())
    told = {"unreadable": unreadable} if unreadable else {}
    return {"name": images.name, "n": found.size, **told}


def _versions() -> dict[str, str]:
    packages = ("jaxgan", "jax", "jaxlib", "flax", "numpy", "pillow")
    return {"python": platform.python_version(), **{p: metadata.version(p) for p in packages}}


def main(args: list[str]) -> None:
    """The command."""
    command = cli.parse(Command, None, args, "python -m jaxgan.evaluate")
    use_cache()
    processes.initialize(command.parallel)
    text = json.dumps(evaluate(command), indent=2)
    if not processes.is_first():
        return
    print(text)
    if command.out:
        path = Path(command.out)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        except OSError as error:
            raise InputError(f"out: {path} cannot be written: {error}") from None


if __name__ == "__main__":
    cli.main(main)
