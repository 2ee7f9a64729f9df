import numpy as np
from sklearn.datasets import load_breast_cancer

from jaxgan.core import Feature
from jaxgan.data.sources.breast_cancer import open_breast_cancer


def test_the_table_is_scikit_learns():
    source, table = open_breast_cancer(), load_breast_cancer()
    assert source.features == {"row": Feature("array", (30,)), "label": Feature("label", (), 2)}
    assert source.class_names == ("malignant", "benign")
    assert source.columns[0] == "mean radius"
    np.testing.assert_array_equal(source.arrays["row"], table.data)
    np.testing.assert_array_equal(source.labels, table.target)
