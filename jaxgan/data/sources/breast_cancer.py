"""scikit-learn's breast cancer table: 569 rows of 30 numbers, benign or malignant."""

from typing import Any

import numpy as np

from jaxgan.core import Feature
from jaxgan.data.examples import Source, in_memory


def open_breast_cancer() -> Source:
    """UCI's Breast Cancer Wisconsin (Diagnostic): 212 malignant tumours and 357 benign ones."""
    from sklearn.datasets import load_breast_cancer  # Imported late: slow to import.

    table: Any = load_breast_cancer()
    columns = tuple(map(str, table.feature_names))
    names = tuple(map(str, table.target_names))
    return in_memory(
        "breast_cancer",
        {"row": Feature("array", (len(columns),)), "label": Feature("label", (), len(names))},
        {"row": table.data, "label": table.target.astype(np.int32)},
        names,
        columns,
    )
