"""Health of a run, as numbers and as a line of text: cheap, and without pretrained weights."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8

from jaxgan.core import Feature, Function

BANK = 100
"""Number of real images that a sheet is compared with."""
SIDE = 8
"""Largest side of a pooled image, in pixels."""
COLLAPSED = 0.1
"""Diversity below which a generator counts as collapsed."""
PATIENCE = 0.1
"""Fraction of a run after which the warning of a lasting collapse says what to change."""
MEMORISED = 0.97
"""Rate of accepted real images above which D may have memorised them."""
CONSTANT = 0.9999
"""Fraction of pixels predicted as one class from which the prediction counts as constant."""
ADVICE = (
    "raise the discriminator's lr against the generator's, raise the batch size, or penalize or"
    " normalize the discriminator (penalties.r1, norm spectral)"
)
"""Changes that end most collapses."""

Features = Float[np.ndarray, "images features"]


class Bank(NamedTuple):
    """Features of real images to compare with, and their classes if the data has any."""

    features: Features
    labels: Int[np.ndarray, "images"] | None


class Means:
    """Means of metrics. NaN stands for "not computed" and is skipped."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, int]] = {}

    def add(self, metrics: Mapping[str, Any]) -> None:
        """Adds the metrics of one step, as Python or NumPy numbers."""
        for name, value in metrics.items():
            total, count = self._sums.get(name, (0.0, 0))
            if not math.isnan(value):
                self._sums[name] = total + float(value), count + 1

    def take(self) -> dict[str, float]:
        """The means since the last call."""
        means = {name: total / count for name, (total, count) in self._sums.items()}
        self._sums = {}
        return means


def pooled(images: UInt8[np.ndarray, "images height width channels"]) -> Features:
    """Images average-pooled to at most 8x8 pixels and flattened, in [0, 1].

    Layout and colour remain; noise and fine texture average out. So the small differences between
    the copies of a collapsed generator do not count as diversity.
    """
    return _pooled(_pooled(images, 1), 2).reshape(len(images), -1) / 255


def _pooled(images: np.ndarray, axis: int) -> np.ndarray:
    size = images.shape[axis]
    edges = np.linspace(0, size, min(size, SIDE) + 1).astype(int)
    widths = np.diff(edges).reshape([-1 if i == axis else 1 for i in range(images.ndim)])
    return np.add.reduceat(images, edges[:-1], axis, np.float64) / widths


def mean_distance(features: Features) -> float:
    """Mean distance of the pairs i < j, each sqrt(mean_k (f_ik - f_jk)^2)."""
    n = len(features)
    differences = features[:, None] - features[None]
    return float(np.sqrt(np.square(differences).mean(-1)).sum() / (n * (n - 1)))


class Gauge(NamedTuple):
    """Measures the diversity of a sheet's samples relative to real images."""

    shape: tuple[int, ...]
    """Shape of one image."""
    reals: Bank
    conditional: bool
    """Whether row i of a sheet is class i."""

    def __call__(self, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        """:func:`diversity` of a sheet's first block of samples; {} if it has none."""
        blocks = [c for c in columns.values() if c.ndim == 5 and c.shape[2:] == self.shape]
        return diversity(blocks[0], self.reals, self.conditional) if blocks else {}


def gauge(
    functions: Mapping[str, Function],
    features: Mapping[str, Feature],
    reals: Callable[[int], Mapping[str, np.ndarray]],
) -> Gauge | None:
    """A gauge for a method that generates images of the data's shape; None for any other method.

    Args:
      functions: the method's functions.
      features: the features of the data.
      reals: ``n ->`` a batch of about n real examples.
    """
    drawing = [f for f in functions.values() if f.draws and f.gives.kind == "image"]
    for function in drawing:
        for name, feature in features.items():
            if feature.kind == "image" and feature.shape == function.gives.shape:
                found = reals(BANK)
                bank = Bank(pooled(found[name]), found.get("label"))
                return Gauge(feature.shape, bank, "label" in function.takes)
    return None


def diversity(
    sheet: UInt8[np.ndarray, "rows columns height width channels"],
    reals: Bank,
    by_class: bool = False,
) -> dict[str, float]:
    """``diversity``: :func:`mean_distance` of a sheet's images over that of real images.

    1 means as diverse as the data; near 0 means collapsed to few images.

    Args:
      sheet: images of fixed latent codes, so that two sheets of a run are comparable.
      reals: real images of the same shape.
      by_class: row i of the sheet is class i. Then ``class_diversity`` compares pairs within a
        class only: both distances are summed over the classes with at least two real images.
    """
    rows, columns = sheet.shape[:2]
    drawn = pooled(sheet.reshape(-1, *sheet.shape[2:]))
    pairs = {"diversity": [(drawn, reals.features)]}
    if by_class and reals.labels is not None:
        by_row = drawn.reshape(rows, columns, -1)
        groups = [(by_row[i], reals.features[reals.labels == i]) for i in range(rows)]
        pairs["class_diversity"] = [(d, r) for d, r in groups if len(r) > 1]
    distances = {
        name: (sum(mean_distance(d) for d, _ in groups), sum(mean_distance(r) for _, r in groups))
        for name, groups in pairs.items()
    }
    return {name: drawn / real for name, (drawn, real) in distances.items() if real}


def line(step: int, values: Mapping[str, float]) -> str:
    """D's acceptance of real images, gradient norms, predicted classes and diversity, in words.

    Without any of these values: "".
    """
    parts = [
        f"{d} accepts {100 * r:.0f}% of real images"
        for d, r in _by_player(values, "real_rate").items()
    ]
    norms = [f"{player} {norm:.3g}" for player, norm in _gradients(values).items()]
    parts += [f"gradient norms {', '.join(norms)}"] if norms else []
    if "predicted_majority" in values:
        predicted, true = values["predicted_majority"], values["true_majority"]
        parts.append(
            f"the most frequent class has {100 * predicted:.0f}% of the predictions,"
            f" {100 * true:.0f}% of the masks"
        )
    if "diversity" in values:
        within = values.get("class_diversity")
        inside = "" if within is None else f" ({within:.2f} within a class)"
        parts.append(f"diversity {values['diversity']:.2f} of the data's{inside}")
    return f"step {step}: {'; '.join(parts)}" if parts else ""


def warnings(values: Mapping[str, float]) -> list[str]:
    """Clear faults, in words.

    A Wasserstein critic is meant to be ahead of G, so a high rate of accepted reals is no fault.
    """
    found = []
    if values.get("diversity", 1.0) < COLLAPSED:
        found.append("the generator has collapsed to few images")
    elif values.get("class_diversity", 1.0) < COLLAPSED:
        found.append("the generator has collapsed to few images a class")
    if values.get("predicted_majority", 0.0) >= max(CONSTANT, values.get("true_majority", 0.0)):
        found.append(
            "the prediction is one class everywhere (lower the learning rate, raise the weight of"
            " dice, or look whether the masks belong to the images)"
        )
    critics = _by_player(values, "wasserstein_estimate")
    rates = _by_player(values, "real_rate")
    sure = [d for d, rate in rates.items() if rate > MEMORISED and d not in critics]
    found += [f"{d} may be memorising the data, or is far ahead of the generator" for d in sure]
    broken = [player for player, norm in _gradients(values).items() if not math.isfinite(norm)]
    if broken:
        found.append(f"the gradient of {' and '.join(broken)} was not finite")
    return found


def advice(records: Sequence[Mapping[str, Any]], steps: int) -> str:
    """Advice, if a collapse has lasted long and persists in the last record; else "".

    Args:
      records: the run's records, at most one per step.
      steps: steps of the whole run.
    """
    measured = [record for record in records if "diversity" in record]
    collapsed = list(itertools.takewhile(_collapsed, reversed(measured)))
    if not collapsed:
        return ""
    lasted = collapsed[0]["step"] - collapsed[-1]["step"]
    return f"for {lasted:,} steps now: {ADVICE}" if lasted > PATIENCE * steps else ""


def _collapsed(record: Mapping[str, Any]) -> bool:
    return min(record["diversity"], record.get("class_diversity", 1.0)) < COLLAPSED


def _by_player(values: Mapping[str, float], start: str) -> dict[str, float]:
    """Values of the metrics whose names begin with ``start``, by discriminator: D, or D_A, D_B."""
    return {
        "D" + name.removeprefix(start).upper(): value
        for name, value in values.items()
        if name.startswith(start)
    }


def _gradients(values: Mapping[str, float]) -> dict[str, float]:
    """Gradient norms by player."""
    end = "_grad_norm"
    return {n.removesuffix(end): value for n, value in values.items() if n.endswith(end)}
