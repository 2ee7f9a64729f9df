"""Data sets in which only a few examples keep their labels (semi-supervised learning)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Int64

from jaxgan.data.examples import Source
from jaxgan.data.permutation import bits, permuted
from jaxgan.errors import InputError

STREAM = "labelled"
"""Name of the stream of examples that keep their labels, and of its image feature."""

_KEY = 0x6C6162656C
"""Constant that, with the seed, determines the choice."""


def balanced(
    labels: np.ndarray, classes: int, count: int, seed: int, name: str
) -> Int64[np.ndarray, "n"]:
    """Indices of ``count`` random examples, equally many per class to within one.

    Args:
      labels: the label of every training example.
      classes: number of classes.
      count: labels to keep; if it is no multiple of ``classes``, the first classes get one more.
      seed: seed of the choice.
      name: the source's name, for messages.

    Raises:
      InputError: ``count`` is below ``classes``, or a class has too few examples.
    """
    if count < classes:
        raise InputError(
            f"data.labels: {count} is less than the {classes} classes of {name}: keep at least one"
            " label a class"
        )
    order = permuted(np.arange(len(labels), dtype=np.uint64), bits(_KEY, seed), len(labels))
    order = order.astype(np.int64)
    chosen = []
    for label in range(classes):
        own = order[labels[order] == label]
        wanted = count // classes + (label < count % classes)
        if len(own) < wanted:
            raise InputError(
                f"data.labels: {count} needs {wanted} labels of class {label}, and {name} has"
                f" {len(own)}: keep fewer"
            )
        chosen.append(own[:wanted])
    return np.sort(np.concatenate(chosen))


def of_images(source: Source) -> Source:
    """The source without its labels."""
    return _renamed(source, {"image": "image"})


def of_labels(source: Source) -> Source:
    """The source as the labelled stream: its images are named ``labelled``."""
    return _renamed(source, {"image": STREAM, "label": "label"})


def check_source(source: Source) -> None:
    """Raises InputError if the data are not images with labels."""
    if not {"image", "label"} <= source.features.keys():
        raise InputError(
            f"data.labels: {source.name} gives {' and '.join(source.features)}, and labels are kept"
            " of images with classes: use data such as digits, or leave data.labels out"
        )


def _renamed(source: Source, names: dict[str, str]) -> Source:
    """The source with only the features in ``names``, under their new names."""

    def renamed(own: Mapping[str, Any]) -> dict[str, Any]:
        return {new: own[old] for old, new in names.items()}

    return replace(
        source,
        features=renamed(source.features),
        example=lambda i: renamed(source.example(i)),
        arrays=None if source.arrays is None else renamed(source.arrays),
        read_labels=lambda: source.labels,
        test=None,
    )
