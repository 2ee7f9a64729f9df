"""How well a score ranks anomalies above normal examples."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float, Int

from jaxgan.metrics.reading import check_finite
from jaxgan.metrics.rows import Rows

DRAWS = 50
"""Number of balanced sets that are drawn."""


class Scores(struct.PyTreeNode):
    """One score per example and whether it is an anomaly, all kept for an exact ranking."""

    rows: Rows
    quantile: float = struct.field(pytree_node=False, default=0.95)

    @classmethod
    def of(
        cls, scores: Float[Array, "b"], anomaly: Int[Array, "b"] | None, quantile: float = 0.95
    ) -> "Scores":
        """The scores of a batch, which is taken as the whole set until :meth:`placed` is called.

        Args:
          scores: larger is more anomalous.
          anomaly: 0 is normal, 1 an anomaly; None: all are normal.
          quantile: quantile of the normal examples' scores that is the threshold.
        """
        labels = jnp.zeros_like(scores) if anomaly is None else anomaly.astype(scores.dtype)
        table = jnp.stack([scores, labels], axis=1)
        return cls(Rows(table, jnp.ones(len(scores), bool)), quantile)

    def placed(self, places: Int[Array, "b"], n: int) -> "Scores":
        """The same scores at their places in a set of ``n``, ready to be merged with others."""
        return self.replace(rows=Rows.create(n, 2).update(self.rows.table, places))

    def merge(self, other: "Scores") -> "Scores":
        """The scores of both, which must be at different places."""
        return self.replace(rows=self.rows.merge(other.rows))

    def compute(self) -> dict[str, float]:
        """The threshold and, if there are anomalies, how they rank.

        ``roc_auc`` and ``average_precision`` are of the whole set, in which ``anomalies`` is the
        fraction of anomalies. ``..._balanced`` is the mean over balanced sets, each with all
        examples of the rarer kind and as many random ones of the other. ``..._balanced_se`` is the
        standard deviation over these sets: the standard error of one of them. ``threshold_q95`` is
        the 0.95 quantile of the normal scores, rounded up to a score, so at least 95% of them do
        not exceed it. ``recall_q95`` is the fraction of anomalies above it.

        Raises:
          InputError: a score is NaN or infinite.
        """
        table = self.rows.compute()
        check_finite("scores", table)
        scores, labels = table.astype(np.float64).T
        # Sorted, so that the random sets do not depend on the order of the examples.
        normal, anomalous = np.sort(scores[labels == 0]), np.sort(scores[labels == 1])
        found, q = {}, f"q{100 * self.quantile:g}"
        if len(normal) and len(anomalous):
            found = {**ranking(normal, anomalous), "anomalies": len(anomalous) / len(scores)}
            found |= balanced(normal, anomalous)
        if len(normal):
            threshold = float(np.quantile(normal, self.quantile, method="higher"))
            found[f"threshold_{q}"] = threshold
            if len(anomalous):
                found[f"recall_{q}"] = float((anomalous > threshold).mean())
        return found


def ranking(normal: Float[np.ndarray, "n"], anomalous: Float[np.ndarray, "m"]) -> dict[str, float]:
    """``roc_auc`` and ``average_precision`` of anomalies among normal examples."""
    from sklearn.metrics import average_precision_score, roc_auc_score  # Here: slow to import.

    scores = np.concatenate([normal, anomalous])
    labels: Any = np.repeat([0, 1], [len(normal), len(anomalous)])
    return {
        "roc_auc": float(roc_auc_score(labels, scores)),
        "average_precision": float(average_precision_score(labels, scores)),
    }


def balanced(normal: Float[np.ndarray, "n"], anomalous: Float[np.ndarray, "m"]) -> dict[str, float]:
    """Mean and standard deviation of the ranking over sets of as many normal as anomalous."""
    random, n = np.random.RandomState(0), min(len(normal), len(anomalous))
    draws = [
        ranking(*(own[random.permutation(len(own))[:n]] for own in (normal, anomalous)))
        for _ in range(DRAWS)
    ]
    found = {}
    for name in draws[0]:
        values = [draw[name] for draw in draws]
        found[f"{name}_balanced"] = float(np.mean(values))
        found[f"{name}_balanced_se"] = float(np.std(values))
    return found
