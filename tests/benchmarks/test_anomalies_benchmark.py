"""The benchmark of anomalies: its numbers by hand, and a short run of it."""

from dataclasses import replace

import numpy as np
import pytest
import sklearn.metrics

from benchmarks import anomalies
from jaxgan.run.configs import find_config


def test_the_rare_form_has_two_in_a_hundred():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [98, 20])
    scores = rng.normal(size=118) + 2 * labels
    found = anomalies.measured(scores, labels)
    assert found["roc_auc"] == pytest.approx(sklearn.metrics.roc_auc_score(labels, scores))
    pairs = [  # the mean over all pairs of anomalies, which the draws estimate
        sklearn.metrics.average_precision_score(
            np.repeat([0, 1], [98, 2]), np.concatenate([scores[:98], scores[98:][[i, j]]])
        )
        for i in range(20)
        for j in range(i)
    ]
    expected, error = np.mean(pairs), np.std(pairs) / np.sqrt(anomalies.DRAWS)
    assert found["average_precision_98:2"] == pytest.approx(expected, abs=4 * error)
    assert found["average_precision_98:2"] < found["average_precision"]


def test_a_short_run_and_the_forest_score_the_same_examples():
    run = replace(find_config("anomaly_table"), steps=60)
    found = list(anomalies.scored(run, 2, forest=True))
    assert [(f.method, f.anomaly, f.seed) for f in found] == [
        (method, "malignant", seed)
        for seed in (0, 1)
        for method in ("anomaly_table", anomalies.FOREST)
    ]
    for one in found:
        assert np.bincount(one.labels).tolist() == [178, 106]
        assert sklearn.metrics.roc_auc_score(one.labels, one.scores) > 0.85
    assert np.abs(found[0].scores - found[2].scores).max() > 0  # another seed
    rows = {("a", "x"): [{"auc": 0.5}, {"auc": 0.7}]}
    assert anomalies.table(rows).splitlines()[2:] == [
        "| a | x | 0.600 ± 0.141 |",
        "| a | mean | 0.600 |",
    ]
