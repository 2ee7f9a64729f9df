"""Skip-GANomaly on scikit-learn's digits; zeros are the anomalies and are never trained on.

Paper: Akcay et al. 2019, with a quarter of the channels and three halvings, for 8 px.
Command: python -m jaxgan.train skip_ganomaly_digits
Time: 41 seconds on one shared CPU core.
Got, 2026-11-30: held-out ROC-AUC 0.773 and average precision 0.305; the autoencoder of
anomaly_digits has 0.995 and 0.938. The sheet shows why: zeros are reconstructed too. With each
digit as the anomaly in turn, the means are 0.848 and 0.471; the ROC-AUC is between 0.659 and 0.969
(benchmarks.anomalies, one seed).
"""

from dataclasses import replace

from jaxgan.algorithms import SkipGANomaly
from jaxgan.nets import DCGANDiscriminator, UNetGenerator
from jaxgan.run.config import Run
from jaxgan.run.configs import find_config


def config() -> Run:
    """The experiment."""
    method = SkipGANomaly(
        generator=UNetGenerator(features=16, dropout=0.0),
        discriminator=DCGANDiscriminator(features=16),
    )
    base = find_config("anomaly_digits")
    return replace(base, name="skip_ganomaly_digits", algorithm=method, steps=500)
