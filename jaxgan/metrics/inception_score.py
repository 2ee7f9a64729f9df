"""The Inception score (Salimans et al. 2016)."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax.lax import Precision
from jaxtyping import Array, Float, Int

from jaxgan.errors import InputError
from jaxgan.metrics.compensated import Sum
from jaxgan.metrics.reading import check_finite

_TOLERANCE = 1e-3
"""Largest difference from 1 of the sum of an image's probabilities."""


def inception_score(
    probs: Float[np.ndarray | Array, "_n _classes"],
    splits: int = 10,
    order: Int[np.ndarray, "_n"] | None = None,
) -> tuple[float, float]:
    """``exp(mean KL(p(y|x) || p(y)))`` over the images of a split; mean and std over the splits.

    Split i has the rows from i n // splits to (i + 1) n // splits, and p(y) is their mean. The std
    is the population's. Everything is in float64. A score is between 1 (all images alike) and the
    number of classes.

    Args:
      probs: p(y|x); each row sums to 1.
      splits: number of splits of the set.
      order: permutation of the rows, applied first. Without it, images sorted by class have small
        scores. :func:`torch_fidelity_order` is torch-fidelity's.

    Raises:
      InputError: there are fewer images than splits, a row is no probability, or ``order`` is no
        permutation.

    Reference: Salimans et al. 2016, Improved Techniques for Training GANs, section 4.
    """
    probs = np.asarray(probs)
    check_finite("probs", probs)
    if probs.ndim != 2 or (probs < 0).any() or (abs(probs.sum(1) - 1) > _TOLERANCE).any():
        raise InputError("probs: a row does not sum to 1; give the softmax of the logits, by row")
    parts = _splits(len(probs), splits, order)
    size = [int((parts == i).sum()) for i in range(splits)]
    sums, inner = np.zeros((splits, probs.shape[1])), np.zeros(splits)
    for i in range(splits):
        p = probs[parts == i].astype(np.float64)
        sums[i], inner[i] = p.sum(0), _times_log(p).sum()
    return _score(sums, inner, np.array(size))


def torch_fidelity_order(n: int, seed: int = 2020) -> Int[np.ndarray, "n"]:
    """The order into which torch-fidelity puts n images before it splits them."""
    return np.random.RandomState(seed).permutation(n)


class ClassScores(struct.PyTreeNode):
    """The Inception score, batch by batch: sums of p(y|x) and of p log p for each split.

    Its result agrees with :func:`inception_score` to about 1e-6.
    """

    split: Any
    """Split of each image."""
    count: Any
    """Number of images by split."""
    probability: Sum
    """Sums of p by split and class."""
    inner: Sum
    """Sums of p log p by split."""

    @classmethod
    def create(
        cls, n: int, splits: int, classes: int, order: Int[np.ndarray, "_n"] | None = None
    ) -> "ClassScores":
        """The sums of no images.

        Args:
          n: number of images in the whole set.
          splits: as in :func:`inception_score`.
          classes: number of logits per image.
          order: as in :func:`inception_score`.

        Raises:
          InputError: there are fewer images than splits, or ``order`` is no permutation.
        """
        return cls(
            split=jnp.asarray(_splits(n, splits, order), jnp.int32),
            count=jnp.zeros(splits, jnp.int32),
            probability=Sum.zeros(splits, classes),
            inner=Sum.zeros(splits),
        )

    def update(self, logits: Float[Array, "b classes"], index: Int[Array, "b"]) -> "ClassScores":
        """The sums, with these images added.

        Args:
          logits: one row per image; under jit they may be split over devices.
          index: place of each image in the whole set, from 0. A row with an index out of range (the
            padding of a last batch) is left out. Each image must be given once.
        """
        keep = (index >= 0) & (index < len(self.split))
        split = jnp.where(keep, self.split.at[index].get(mode="clip"), -1)
        logits = jnp.where(keep[:, None], logits.astype(jnp.float32), 0.0)
        log_p = jax.nn.log_softmax(logits)
        p = jnp.exp(log_p)
        of_split = jax.nn.one_hot(split, len(self.count))  # a row of zeros for -1
        return self.replace(
            count=self.count + of_split.sum(0).astype(jnp.int32),
            probability=self.probability.add(_product(of_split.T, p)),
            inner=self.inner.add(_product(of_split.T, (p * log_p).sum(1))),
        )

    def merge(self, other: "ClassScores") -> "ClassScores":
        """The sums of both sets of images, which must be disjoint."""
        return self.replace(
            count=self.count + other.count,
            probability=self.probability.merge(other.probability),
            inner=self.inner.merge(other.inner),
        )

    def compute(self) -> tuple[float, float]:
        """Mean and std of :func:`inception_score`.

        Raises:
          InputError: a split has no image, or logits aren't finite.
        """
        if not np.all(self.count):
            empty = int(np.argmin(self.count))
            raise InputError(f"n: split {empty} of the Inception score has no image; use more")
        sums, inner = self.probability.compute(), self.inner.compute()
        check_finite("logits", sums)
        check_finite("logits", inner)
        return _score(sums, inner, np.asarray(self.count))


def _product(a: Array, b: Array) -> Array:
    return jnp.matmul(a, b, precision=Precision.HIGHEST)


def _splits(n: int, splits: int, order: np.ndarray | None) -> Int[np.ndarray, "n"]:
    """The split of each image."""
    if splits < 1:
        raise InputError(f"splits: {splits} is below 1; use 10, as is usual")
    if n < splits:
        raise InputError(
            f"n: {n} images are fewer than the {splits} splits of the Inception score;"
            " use more images or fewer splits"
        )
    if order is None:
        order = np.arange(n)
    if len(order) != n or (np.sort(order) != np.arange(n)).any():
        raise InputError(f"order: not a permutation of {n} images; give each place from 0 once")
    edges = np.arange(splits + 1) * n // splits
    out = np.empty(n, np.int64)
    out[order] = np.repeat(np.arange(splits), np.diff(edges))
    return out


def _times_log(p: np.ndarray) -> np.ndarray:
    """``p log p``, 0 at 0."""
    return p * np.log(np.where(p > 0, p, 1.0))


def _score(sums: np.ndarray, inner: np.ndarray, count: np.ndarray) -> tuple[float, float]:
    """The mean KL(p || q) is the mean of sum p log p, minus sum q log q for the mean q of p."""
    q = sums / count[:, None]
    scores = np.exp(inner / count - _times_log(q).sum(1))
    return float(scores.mean()), float(scores.std())
