"""The report that ``python -m jaxgan.evaluate`` prints.

It holds the metrics of the images of a run or a folder, and the method's own measures on held-out
examples.
"""

import platform
import sys
import time
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

from jaxgan.data.config import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.errors import InputError
from jaxgan.measure import names
from jaxgan.measure.collecting import SEED, Statistics, UnmeasurableError
from jaxgan.measure.generated import chunk_sampler, classes_of, drawing_function, draws_images
from jaxgan.measure.held_out import HeldOut, can_measure
from jaxgan.measure.measuring import Measure
from jaxgan.measure.protocol import Protocol
from jaxgan.measure.references import moments_file, write_moments
from jaxgan.measure.sets import ImageSet, as_they_are, as_trained_on, drawn
from jaxgan.run import directory
from jaxgan.run.evaluating import nothing
from jaxgan.run.opened import Opened, open_run
from jaxgan.system import processes


@dataclass(frozen=True, kw_only=True)
class Question(Protocol):
    """The images or the run to measure, and the reference."""

    images: str
    """Run directory, folder, or source such as npz:FILE."""
    reference: str | None = None
    """Folder, source, or pytorch-fid file (.npz) to compare with; None: the run's own data."""
    n: int | None = None
    """Number of images; None: 50000 of a run, or all images of a folder."""
    split: str = "train"
    """Split of the images, if their source has splits."""
    reference_split: str = "train"
    """Split of the reference."""
    tfds_dir: str | None = None
    """Folder of prepared TFDS data sets; None: TFDS's own default."""
    save_statistics: str | None = None
    """Output .npz file for mean and covariance of the images' features, as pytorch-fid writes."""
    best: bool = False
    """The run's best checkpoint, not its newest."""
    member: int = 0
    """Index of the member, for a run that trained several."""
    ema: bool = True
    """Averaged weights, if the run keeps them."""
    config: str | None = None
    """Config file, for a run with nets that are not jaxgan's own."""


_NOTHING: dict[str, Any] = dict.fromkeys(("metrics", "images", "reference", "features"))
"""Report entries if no images are measured."""


class Clock:
    """Seconds spent, by the name of the task."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        """Records the time since the last lap under ``name``."""
        now = time.perf_counter()
        self.seconds[name] = round(now - self._since, 2)
        self._since = now


def evaluate(question: Question) -> dict[str, Any]:
    """The metrics of a run, a folder or a source, and everything that they depend on.

    Returns:
      "metrics" by name, image metrics first and then the method's own; "images", "reference",
      "held_out", "checkpoint", "features", "seeds", "versions", "devices" and "seconds".

    Raises:
      InputError: for bad input; if possible before any work is done.
    """
    clock, opened, metrics = Clock(), _opened(question), names.parse(question.metrics)
    asked = metrics or question.save_statistics
    held_out = None if opened is None else _held_out(opened, question.seed)
    found = dict(_NOTHING)
    if asked and (opened is None or draws_images(opened.algorithm.functions)):
        found = _of_images(question, opened, clock, alone=held_out is None)
    elif opened is None:
        raise InputError(f"metrics: {names.NONE} leaves nothing to measure of images; name some")
    elif held_out is None:
        raise InputError(f"run: {nothing(opened.algorithm)}")
    measured = held_out(opened.weights) if opened and held_out else {}
    if measured:
        clock.lap("held_out")
    return {
        "metrics": (found["metrics"] or {}) | measured,
        "images": found["images"],
        "reference": found["reference"],
        "held_out": opened and held_out and {"name": opened.data.source, "n": held_out.size},
        "checkpoint": opened and {"step": opened.step, "best": question.best, **_member(question)},
        "features": found["features"],
        "seeds": {"images": question.seed, "subsets_and_splits": SEED},
        "versions": _versions(),
        "devices": f"{jax.device_count()} x {jax.devices()[0].device_kind}",
        "seconds": clock.seconds,
    }


def _of_images(
    question: Question, opened: Opened | None, clock: Clock, alone: bool
) -> dict[str, Any]:
    """:func:`_measured` without the metrics that cannot be computed.

    If none can be computed, that is an error if the image metrics are ``alone`` (the method has no
    measure of its own) or their statistics are to be saved.
    """
    while True:
        try:
            return _measured(question, opened, clock)
        except UnmeasurableError as error:
            asked = names.parse(question.metrics)
            rest = [name for name in asked if name not in error.metrics]
            needed = not rest and (alone or question.save_statistics)
            if needed or len(rest) == len(asked):
                raise
            _say(f"left out {', '.join(error.metrics)}: {error}")
            if not rest:
                return dict(_NOTHING)
            question = replace(question, metrics=",".join(rest))


def _measured(question: Question, opened: Opened | None, clock: Clock) -> dict[str, Any]:
    """The image metrics of a run or a folder, and what they depend on."""
    measure = Measure(question, moments=question.save_statistics is not None)
    images = _images(question, opened)
    reference = _reference(question, opened, measure)
    known = None if reference is None else measure.reference(reference, images.size)
    if known is None:
        names.check(measure.metrics, None, images.size)
    clock.lap("reference")
    found = measure.images(images)
    clock.lap("images")
    if question.save_statistics:
        write_moments(Path(question.save_statistics), found)
    values = {} if known is None and measure.compares else measure(known or Statistics(), found)
    clock.lap("metrics")
    for own in (images, reference):
        if isinstance(own, ImageSet):
            for note in own.notes:
                _say(f"{own.name}: {note}")
    features = measure.features
    return {
        "metrics": values,
        "images": _described(images, found),
        "reference": reference and known and _described(reference, known),
        "features": features and {"name": features.name, "sha256": features.sha256},
    }


def _member(question: Question) -> dict[str, Any]:
    return {"member": question.member} if question.member else {}


def _say(line: str) -> None:
    """Prints a line to stderr, beside the JSON; in the first process only."""
    if processes.is_first():
        print(line, file=sys.stderr)


def _opened(question: Question) -> Opened | None:
    """The run; None for a folder or a source."""
    if not (Path(question.images) / directory.CONFIG).is_file():
        if question.best:
            raise InputError(f"best: {question.images} is no run, so it has no checkpoints")
        if question.member:
            raise InputError(f"member: {question.images} is no run, so it has no members")
        return None
    return open_run(
        question.images, question.ema, question.config, question.best, member=question.member
    )


def _held_out(opened: Opened, seed: int) -> HeldOut | None:
    """The method's own measure; None if it has none or no examples are held out."""
    if opened.algorithm.measure is None:
        return None
    dataset = open_dataset(opened.data, opened.scaling)
    able = can_measure(opened.algorithm, dataset)
    return HeldOut(opened.algorithm, dataset, seed) if able else None


def _images(question: Question, opened: Opened | None) -> ImageSet:
    if opened is None:
        data = Data(source=question.images, split=question.split, tfds_dir=question.tfds_dir)
        return as_they_are(data, question.n, question.seed)
    _, function = drawing_function(opened.algorithm.functions)
    sampler = chunk_sampler(function, classes_of(function, opened.spec.features), question.seed)
    return drawn(
        sampler, opened.weights, 50_000 if question.n is None else question.n, question.images
    )


def _reference(
    question: Question, opened: Opened | None, measure: Measure
) -> ImageSet | Path | None:
    """The reference's images or the file of its moments; None if no reference is needed."""
    name = question.reference
    if name is None and opened is None:
        if question.save_statistics or not measure.compares:
            return None
        raise InputError(
            "reference: images of a folder need some to be compared with: --reference FOLDER"
        )
    if path := moments_file(name):
        return path
    data = Data(source=name or "", split=question.reference_split, tfds_dir=question.tfds_dir)
    if opened is None:
        return as_they_are(data, field="reference")
    own = opened.data
    shape = drawing_function(opened.algorithm.functions)[1].gives.shape
    return as_trained_on(own if name is None else replace(data, crop=own.crop), shape)


def _described(images: ImageSet | Path, found: Statistics) -> dict[str, Any]:
    if isinstance(images, Path):
        return {"name": str(images), "n": None}
    unreadable = list(images.unreadable.values())
    told = {"unreadable": unreadable} if unreadable else {}
    return {"name": images.name, "n": found.size, **told}


def _versions() -> dict[str, str]:
    packages = ("jaxgan", "jax", "jaxlib", "flax", "numpy", "pillow")
    return {"python": platform.python_version(), **{p: metadata.version(p) for p in packages}}
