"""Metrics of two sets of images, with names that state the protocol."""

import re
from collections.abc import Callable
from typing import NamedTuple

from jaxgan.errors import InputError, did_you_mean
from jaxgan.measure.collecting import SEED, SPLITS, Needs, Statistics, UnmeasurableError
from jaxgan.metrics import (
    density_coverage,
    frechet_distance,
    kernel_distance,
    precision_recall,
    sliced_wasserstein,
)
from jaxgan.metrics.neighbours import check_neighbours

SUBSETS, SUBSET_SIZE = 100, 1000
"""Number of subsets of the kernel distance, and largest number of images in one."""
NEIGHBOUR_PRECISION, NEIGHBOUR_DENSITY = 3, 5
"""Number k of neighbours for precision and recall, and for density and coverage."""


def _fid(real: Statistics, fake: Statistics, n: str) -> dict[str, float]:
    return {f"fid{n}": frechet_distance(*real.moments, *fake.moments)}


def _kid(real: Statistics, fake: Statistics, n: str) -> dict[str, float]:
    size = min(SUBSET_SIZE, len(real.rows), len(fake.rows))
    mean, std = kernel_distance(real.rows, fake.rows, SUBSETS, size, seed=SEED)
    small = "" if size == SUBSET_SIZE else f"_subsets_of_{size}"
    return {f"kid{n}{small}": mean, f"kid{n}{small}_std": std}


def _is(real: Statistics, fake: Statistics, n: str) -> dict[str, float]:
    del real
    n = n.split("_")[0]
    return {f"is{n}": fake.score[0], f"is{n}_std": fake.score[1]}


def _pr(real: Statistics, fake: Statistics, n: str) -> dict[str, float]:
    k = NEIGHBOUR_PRECISION
    precision, recall = precision_recall(real.rows, fake.rows, k)
    return {f"precision{n}_k{k}": precision, f"recall{n}_k{k}": recall}


def _dc(real: Statistics, fake: Statistics, n: str) -> dict[str, float]:
    k = NEIGHBOUR_DENSITY
    density, coverage = density_coverage(real.rows, fake.rows, k)
    return {f"density{n}_k{k}": density, f"coverage{n}_k{k}": coverage}


def _swd(real: Statistics, fake: Statistics, n: str) -> dict[str, float]:
    del n
    count = min(len(real.pixels), len(fake.pixels))
    by_side = sliced_wasserstein(real.pixels, fake.pixels)
    levels = {f"swd{short(count)}/{side}px": value for side, value in by_side.items()}
    return {f"swd{short(count)}/mean": sum(by_side.values()) / len(by_side), **levels}


class Metric(NamedTuple):
    """A metric: the statistics that it needs, and its values."""

    real: Needs
    fake: Needs
    values: Callable[[Statistics, Statistics, str], dict[str, float]]
    """Function ``(real, fake, how many images) ->`` numbers by name; the first is the main one."""
    higher_is_better: bool = False


METRICS = {
    "fid": Metric(Needs(moments=True), Needs(moments=True), _fid),
    "kid": Metric(Needs(rows=True), Needs(rows=True), _kid),
    "is": Metric(Needs(), Needs(score=True), _is, higher_is_better=True),
    "pr": Metric(Needs(rows=True), Needs(rows=True), _pr, higher_is_better=True),
    "dc": Metric(Needs(rows=True), Needs(rows=True), _dc, higher_is_better=True),
    "swd": Metric(Needs(pixels=True), Needs(pixels=True), _swd),
}
"""Metrics by short name: Frechet distance, kernel distance, Inception score, precision and recall,
density and coverage, sliced Wasserstein distance."""


NONE = "none"
"""Name for no image metrics."""

_HIGHER = re.compile(
    r"(^|[/_])(accuracy|iou|psnr|(ms_)?ssim|auc|auroc|precision|recall|f1|dice|likelihood"
    r"|overlap|modes|good)([/_]|$)"
)
"""Pattern for names of numbers that are better when higher."""


def higher_is_better(name: str) -> bool:
    """Whether a measured number with that name is better when higher; losses are not."""
    return bool(_HIGHER.search(name.lower())) and "loss" not in name and "error" not in name


def parse(names: str) -> tuple[str, ...]:
    """The metrics in ``"fid,kid"`` as a tuple; ``"none"`` gives an empty one.

    Raises:
      InputError: a name is no metric.
    """
    if names.strip() == NONE:
        return ()
    parsed = tuple(name.strip() for name in names.split(",") if name.strip())
    for name in parsed:
        if name not in METRICS:
            hint = did_you_mean(name, METRICS)
            raise InputError(f"metrics: {name!r} is unknown: {hint}use {', '.join(METRICS)}")
    if not parsed:
        raise InputError(f"metrics: none is named; use some of {','.join(METRICS)}")
    return parsed


def check(names: tuple[str, ...], real: int | None, fake: int) -> None:
    """Raises UnmeasurableError if a metric has too few images, before any image is read.

    Args:
      names: short names of metrics.
      real: number of reference images; None if the reference's images are not read.
      fake: number of measured images.
    """
    for name in names:
        least = SPLITS if name == "is" else 2
        if fake < least:
            line = f"n: {fake} is fewer than the {least} images that {name} needs"
            raise UnmeasurableError(line, name)
        try:
            if name == "pr" and real is not None:
                check_neighbours(NEIGHBOUR_PRECISION, real=real, fake=fake)
            if name == "dc" and real is not None:
                check_neighbours(NEIGHBOUR_DENSITY, real=real)
        except InputError as error:
            raise UnmeasurableError(str(error), name) from None


def by_network(names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the metrics that need a network's features."""
    without = Needs(pixels=True)
    return tuple(n for n in names if METRICS[n].fake != without)


def needs(names: tuple[str, ...]) -> tuple[Needs, Needs]:
    """The statistics that the metrics need, of the real and of the measured images."""
    return union([METRICS[n].real for n in names]), union([METRICS[n].fake for n in names])


def values(
    names: tuple[str, ...], real: Statistics, fake: Statistics, features: str
) -> dict[str, float]:
    """The metrics, under names such as ``fid50k_full/inception-2015/legacy_tensorflow``.

    A name states the number of images, the features, and whether the whole reference (``full``) or
    only its moments (``moments``) were given.

    Args:
      names: short names of metrics.
      real: statistics of the reference.
      fake: statistics of the measured images.
      features: name of the features.
    """
    count = f"{short(fake.size or 0)}_{'moments' if real.size is None else 'full'}"
    found = {}
    for name in names:
        own = METRICS[name].values(real, fake, count)
        network = "" if name == "swd" else f"/{features}"
        found |= {f"{key}{network}": value for key, value in own.items()}
    return found


def short(n: int) -> str:
    """``50k`` for 50,000; other numbers unchanged."""
    return f"{n // 1000}k" if n and n % 1000 == 0 else str(n)


def union(needs: list[Needs]) -> Needs:
    """Everything that at least one of them needs."""
    return Needs(*(any(column) for column in zip(*needs, strict=True)))
