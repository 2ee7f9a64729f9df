"""GANomaly on MNIST without zeros, which are the anomalies of the test part.

Paper: Akcay et al. 2018: 32 px, 100-dimensional codes, Adam 2e-4 with b1 0.5, 15 epochs with
batches of 64; here with half the channels.
Command: python -m jaxgan.train ganomaly_mnist --data.source idx:PATH
Time: recipe, not run.
"""

from jaxgan.algorithms import GANomaly
from jaxgan.data.config import Data
from jaxgan.nets import DCGANDiscriminator, DCGANGenerator
from jaxgan.run.config import Evaluate, Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="ganomaly_mnist",
        steps=12_000,
        algorithm=GANomaly(
            encoder=DCGANDiscriminator(features=32),
            decoder=DCGANGenerator(features=32),
            discriminator=DCGANDiscriminator(features=32),
        ),
        data=Data(
            source="tfds:mnist",
            image_size=32,
            normal=tuple("123456789"),
        ),
        evaluate=Evaluate(every=2_000, metrics="none"),
    )
