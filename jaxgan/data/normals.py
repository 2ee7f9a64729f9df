"""Data for anomaly detection: only normal examples are trained on."""

from typing import Any

import numpy as np
from jaxtyping import Int64

from jaxgan.core import Feature
from jaxgan.data.examples import Example, Part, Source
from jaxgan.errors import InputError, did_you_mean

ANOMALY = "anomaly"
"""Name of the feature that replaces the label: 0 is normal, 1 an anomaly."""


def marked(
    source: Source, train: Int64[np.ndarray, "n"], held_out: Part | None, normal: tuple[str, ...]
) -> tuple[Source, Int64[np.ndarray, "m"], Part | None]:
    """The source with ``anomaly`` as label, its normal training examples, and the held-out part.

    Args:
      source: a source with classes.
      train: indices of the training examples; anomalies among them are left out.
      held_out: held-out examples of all classes.
      normal: names of the normal classes.

    Raises:
      InputError: the source lacks classes or a normal class, or has no normal training example.
    """
    _check(source, normal)
    whole = _with_anomaly(source, normal)
    assert whole.labels is not None
    train = train[whole.labels[train] == 0]
    if not len(train):
        raise InputError(
            f"data.normal: {source.name} has no training example of {' or '.join(normal)}: name"
            " classes that have some"
        )
    if held_out is not None:
        same = held_out.source is source
        other = whole if same else _with_anomaly(held_out.source, normal)
        held_out = Part(other, held_out.indices)
    return whole, train, held_out


def _check(source: Source, normal: tuple[str, ...]) -> None:
    """Raises InputError if the source has no classes, or lacks one of the normal classes."""
    if source.labels is None:
        how = "--data.target COLUMN" if "row" in source.features else "a folder with subfolders"
        raise InputError(
            f"data.normal: {source.name} has no classes: leave it out where all of its examples are"
            f" normal, or say their classes by {how}"
        )
    for name in normal:
        if name not in source.class_names:
            has = ", ".join(source.class_names[:10])
            more = ", ..." if len(source.class_names) > 10 else ""
            raise InputError(
                f"data.normal: {source.name} has no class {name!r}:"
                f" {did_you_mean(name, source.class_names)}it has {has}{more}"
            )


def _with_anomaly(source: Source, normal: tuple[str, ...]) -> Source:
    """The source with the feature ``anomaly`` in place of the class label."""
    kind = ~np.isin(np.array(source.class_names), normal)
    labels = None if source.labels is None else kind[source.labels].astype(np.int32)

    def renamed(own: Any, value: Any) -> dict[str, Any]:
        return {ANOMALY if name == "label" else name: x for name, x in own.items()} | {
            ANOMALY: value
        }

    def example(i: int) -> Example:
        own = source.example(i)
        return renamed(own, np.int32(kind[own["label"]]))

    anomalies = int(kind.sum())
    others = ", ".join(np.array(source.class_names)[kind]) if anomalies <= 10 else anomalies
    return Source(
        source.name,
        source.size,
        renamed(source.features, Feature("label", (), 2)),
        example,
        ("normal", ANOMALY),
        None if source.arrays is None else renamed(source.arrays, labels),
        read_labels=None if labels is None else lambda: labels,
        columns=source.columns,
        notes=(*source.notes, f"normal: {', '.join(normal)}; anomalies: {others or 'none'}"),
    )
