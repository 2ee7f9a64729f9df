import numpy as np

from benchmarks.search import recalls


def test_recall_counts_the_right_ones_among_the_nearest():
    index = np.array([[0.0], [1.0], [2.0], [10.0], [11.0]])
    labels = np.array([0, 1, 0, 1, 1])
    queries, wanted = np.array([[0.1], [10.4]]), np.array([0, 1])
    assert recalls(index, labels, queries, wanted, 3) == [1.0, (2 / 3 + 2 / 3) / 2]
