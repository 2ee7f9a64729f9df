"""GANomaly that has never seen a zero, and finds it, on scikit-learn's digits.

Paper: Akcay et al. 2018, with a quarter of the channels and a smaller code for 8 px.
Command: python -m jaxgan.train ganomaly_digits
Time: recipe, not run.
"""

from dataclasses import replace

from jaxgan.algorithms import GANomaly
from jaxgan.nets import DCGANDiscriminator, DCGANGenerator
from jaxgan.run.config import Run
from jaxgan.run.configs import find_config


def config() -> Run:
    """The experiment."""
    method = GANomaly(
        encoder=DCGANDiscriminator(features=32),
        decoder=DCGANGenerator(features=32),
        discriminator=DCGANDiscriminator(features=32),
        latent_dim=16,
    )
    return replace(find_config("anomaly_digits"), name="ganomaly_digits", algorithm=method)
