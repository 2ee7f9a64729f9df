"""An autoencoder of a table's normal rows finds the others: 98% benign tumours, 2% malignant.

Paper: after the fraud detection by autoencoders that is trained on normal rows alone; the table is
UCI's Breast Cancer Wisconsin (Diagnostic), as scikit-learn has it.
Command: python -m jaxgan.train anomaly_table
Time: recipe, not run.
"""

from jaxgan.algorithms import AnomalyAutoencoder
from jaxgan.data.config import Data
from jaxgan.nets import RowDecoder, RowEncoder
from jaxgan.run.config import Evaluate, Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="anomaly_table",
        steps=2_000,
        algorithm=AnomalyAutoencoder(encoder=RowEncoder(), decoder=RowDecoder()),
        data=Data(
            source="breast_cancer",
            batch_size=64,
            held_out=0.5,
            normal=("benign",),
            keep=("malignant:4",),
        ),
        evaluate=Evaluate(every=500, metrics="none"),
    )
