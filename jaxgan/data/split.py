"""Splits a source into a training part and a held-out part.

The split does not depend on the seed of a run, so the folds of different runs are disjoint and
cover all examples.
"""

import numpy as np
from jaxtyping import Int64

from jaxgan.data.config import Data
from jaxgan.data.examples import Part, Source, Windows
from jaxgan.data.permutation import bits, permuted
from jaxgan.errors import InputError

_KEY = 0x686F6C64
"""Constant that determines the split."""


def parts(source: Source, data: Data) -> tuple[Int64[np.ndarray, "n"], Part | None]:
    """The training examples and the held-out part: a fraction, a fold, or the source's test part.

    A fraction or a fold is a random choice, stratified if there are labels: each class is split in
    the same proportion, to within one example. For a series it is a stretch of time. ``data.keep``
    then limits the training examples of the classes that it names; for a class that is not in
    ``data.normal`` (if set), it limits the held-out examples.

    Raises:
      InputError: a part would be empty, or the test part has other classes.
    """
    train, held_out = _parts(source, data)
    for text in data.keep:
        if data.normal and held_out is not None and text.rpartition(":")[0] not in data.normal:
            kept = _kept(held_out.source, held_out.indices, text, "held-out")
            held_out = held_out._replace(indices=kept)
        else:
            train = _kept(source, train, text)
    return train, held_out


def _kept(source: Source, part: np.ndarray, text: str, what: str = "training") -> np.ndarray:
    """The part with only COUNT random examples of one class, for the text CLASS:COUNT."""
    name, _, count = text.rpartition(":")
    if source.labels is None or name not in source.class_names:
        has = ", ".join(source.class_names[:10]) if source.labels is not None else "no classes"
        raise InputError(
            f"data.keep: {text} is not CLASS:COUNT with a class of {source.name}, which has {has}"
        )
    own = np.flatnonzero(source.labels[part] == source.class_names.index(name))
    if not count.isdecimal() or not 0 <= int(count) <= len(own):
        raise InputError(
            f"data.keep: {text} is not CLASS:COUNT with at most {len(own)}, the {what} examples"
            f" of {name}"
        )
    order = permuted(np.arange(len(own), dtype=np.uint64), bits(_KEY, 1), len(own))
    gone = own[order.astype(np.int64)[int(count) :]]
    return np.delete(part, gone)


def _parts(source: Source, data: Data) -> tuple[np.ndarray, Part | None]:
    everything = np.arange(len(source))
    if not data.held_out and data.fold is None:
        return everything, None if source.test is None else _test_part(source, source.test())
    if source.windows is not None:
        train, held_out = _stretches(source.windows, data)
    else:
        chosen = _chosen(source, data)
        train, held_out = everything[~chosen], everything[chosen]
    if not len(held_out) or not len(train):
        field = "held_out" if data.held_out else "fold"
        empty = "training" if len(held_out) else "held-out"
        raise InputError(
            f"data.{field}: the {empty} part of {source.name}, {len(source)} examples, would be "
            "empty: use another share or number of folds"
        )
    return train, Part(source, held_out)


def _chosen(source: Source, data: Data) -> np.ndarray:
    """Whether each example is held out: evenly spaced in a random order that is sorted by class."""
    n, labels = len(source), source.labels
    order = permuted(np.arange(n, dtype=np.uint64), bits(_KEY), n).astype(np.int64)
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
    places = np.arange(n)
    if data.fold is not None:
        k, count = data.fold
        taken = places % count == k - 1
    else:
        taken = np.diff(np.floor(np.arange(n + 1) * data.held_out + 1e-9)) > 0
    chosen = np.zeros(n, bool)
    chosen[order[taken]] = True
    return chosen


def _stretches(windows: Windows, data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Training windows without a held-out row, and windows whose future is entirely held out.

    The past of a held-out window may contain training rows, as it does when the model is used.
    """
    n = len(windows.rows)
    k, count = data.fold or (1, 1)
    low, high = (n * (k - 1) // count, n * k // count)
    if data.held_out:
        low, high = round(n * (1 - data.held_out)), n
    start, middle, end = windows.spans.T
    train = (end <= low) | (start >= high)
    return np.flatnonzero(train), np.flatnonzero((middle >= low) & (end <= high))


def _test_part(source: Source, test: Source) -> Part:
    for name, feature in source.features.items():
        other = test.features.get(name)
        if other is None or other.classes > feature.classes:
            raise InputError(
                f"data.source: the test part {test.name} has other features or classes than"
                f" {source.name}: set data.held_out to keep a share of the training part instead"
            )
    return Part(test, np.arange(len(test)))
