"""Rankings of anomalies against scikit-learn's, and against pairs that are counted one by one."""

import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics

from jaxgan.errors import InputError
from jaxgan.metrics import Scores


def example(n=120, share=0.1, seed=0):
    """Scores that rank anomalies higher more often than not; some are equal."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) < share * n).astype(np.int32)
    scores = np.round(rng.normal(size=n) + 1.2 * labels, 1).astype(np.float32)
    return scores, labels


def of(scores, labels, order=None, size=50, **fields):
    """The scores of a set, read a batch at a time in some order."""
    n, total = len(scores), None
    order = np.arange(n) if order is None else order
    for start in range(0, n, size):
        places = order[start : start + size]
        own = None if labels is None else jnp.asarray(labels[places])
        part = Scores.of(jnp.asarray(scores[places]), own, **fields)
        part = part.placed(jnp.asarray(places), n)
        total = part if total is None else total.merge(part)
    return total.compute()


def test_the_natural_imbalance_against_scikit_learn_and_pairs():
    scores, labels = example()
    found = of(scores, labels)
    assert found["roc_auc"] == pytest.approx(sklearn.metrics.roc_auc_score(labels, scores))
    precision = sklearn.metrics.average_precision_score(labels, scores)
    assert found["average_precision"] == pytest.approx(precision)
    assert found["anomalies"] == pytest.approx(0.1)
    a, b = scores[labels == 1][:, None], scores[labels == 0][None]
    assert found["roc_auc"] == pytest.approx(((a > b) + 0.5 * (a == b)).mean())


def test_the_balanced_ranking_has_the_same_auc_and_a_larger_precision():
    """P(anomaly ranks higher) does not depend on the imbalance, precision does."""
    scores, labels = example(n=2000, share=0.05)
    found = of(scores, labels, size=2000)
    error = found["roc_auc_balanced_se"]
    assert 0 < error < 0.05
    assert found["roc_auc_balanced"] == pytest.approx(found["roc_auc"], abs=error)
    assert found["average_precision_balanced"] > found["average_precision"] + 0.2


def test_neither_batches_nor_their_order_change_anything():
    scores, labels = example()
    order = np.random.default_rng(1).permutation(len(scores))
    assert of(scores, labels, order, size=32) == of(scores, labels)
    assert of(scores[order], labels[order]) == of(scores, labels)


def test_the_threshold_lets_the_asked_share_of_normal_examples_pass():
    scores, labels = example(n=1000)
    found = of(scores, labels, size=1000, quantile=0.9)
    threshold = found["threshold_q90"]
    assert threshold in scores[labels == 0]
    assert (scores[labels == 0] <= np.float32(threshold)).mean() >= 0.9
    assert (scores[labels == 0] < np.float32(threshold)).mean() <= 0.9
    assert found["recall_q90"] == (scores[labels == 1] > np.float32(threshold)).mean()


def test_normal_examples_alone_have_a_threshold_and_no_ranking():
    scores, _ = example()
    assert set(of(scores, None)) == {"threshold_q95"}


def test_a_score_that_is_no_number():
    with pytest.raises(InputError, match=r"^scores: holds NaN or infinity"):
        of(np.array([1.0, np.nan], np.float32), np.array([0, 1]))
