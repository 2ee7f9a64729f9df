"""A data set of which only a few examples have labels (semi-supervised learning)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Int64

from jaxgan.data.examples import Source
from jaxgan.data.permutation import bits, permuted
from jaxgan.errors import InputError

STREAM = "labelled"
"""The stream of the examples that keep their labels, and the name of their images."""

_KEY = 0x6C6162656C
"""Decides the choice, together with its seed."""


def balanced(
    labels: np.ndarray, classes: int, count: int, seed: int, name: str
) -> Int64[np.ndarray, "n"]:
    """Places of ``count`` labels, as many of each class to within one, chosen at random.

    Args:
      labels: the label of every training example.
      classes: number of classes.
      count: labels to keep; the first classes get one more where they do not divide.
      seed: decides the choice.
      name: of the source, for messages.

    Raises:
      InputError: fewer labels than classes, or more than a class has.
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
    """The source as a stream of its own, whose images are named ``labelled``."""
    return _renamed(source, {"image": STREAM, "label": "label"})


def check_source(source: Source) -> None:
    """Raises InputError where the data are not images with labels."""
    if not {"image", "label"} <= source.features.keys():
        raise InputError(
            f"data.labels: {source.name} gives {' and '.join(source.features)}, and labels are kept"
            " of images with classes: use data such as digits, or leave data.labels out"
        )


def _renamed(source: Source, names: dict[str, str]) -> Source:
    """The features that ``names`` lists, by their new names."""

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
