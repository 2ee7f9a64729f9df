"""Standardisation of arrays, by statistics of the training part only."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Num

from jaxgan.data.examples import Part


class Scaling(NamedTuple):
    """``(x - mean) / std`` per column, along the last axis of an array."""

    mean: Float[np.ndarray, "*columns"]
    std: Float[np.ndarray, "*columns"]
    """Standard deviation; 1 for a column that is constant."""

    def apply(self, x: Num[Any, "*shape"]) -> Float32[np.ndarray, "*shape"]:
        """Standardised values."""
        return np.asarray((np.asarray(x) - self.mean) / self.std, np.float32)

    def invert(self, x: Num[Any, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Values in the units of the file."""
        return np.asarray(np.asarray(x) * self.std + self.mean)


def scaling_of(part: Part, name: str) -> Scaling:
    """The scaling of the array ``name``, from the examples of a part.

    A row of a series counts once, even if several windows of the part contain it.
    """
    windows = part.source.windows
    if windows is not None:
        values = windows.rows[_covered(windows.spans[part.indices], len(windows.rows))]
    elif part.source.arrays is not None:
        values = part.array(name)
    else:
        values = np.stack([part.source.example(int(i))[name] for i in part.indices])
    columns = values.shape[-1:] if part.source.features[name].shape else ()
    values = values.reshape(-1, *columns).astype(np.float64)
    mean, std = values.mean(0), values.std(0)
    constant = std <= 1e-12 * np.abs(mean)
    return Scaling(np.asarray(mean), np.where(constant, 1.0, std))


def _covered(spans: np.ndarray, rows: int) -> np.ndarray:
    """Whether each row is in at least one window."""
    edges = np.zeros(rows + 1, np.int64)
    np.add.at(edges, spans[:, 0], 1)
    np.add.at(edges, spans[:, 2], -1)
    return np.cumsum(edges[:-1]) > 0
