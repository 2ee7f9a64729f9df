"""The paper's DCGAN at 64 px on a folder of images: ``--data.source folder:PATH``.

Paper: Radford et al. 2016, layer for layer as in pytorch/examples: 64 features, 100-dimensional z,
Adam 2e-4 (0.5, 0.999), batch 128.
Command: python -m jaxgan.train configs/dcgan_64.py --data.source folder:PATH
Time: recipe, not run: it needs a GPU.
"""

from jaxgan.algorithms import GAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import DCGANDiscriminator, DCGANGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="dcgan_64",
        steps=100_000,
        algorithm=GAN(
            generator=DCGANGenerator(features=64),
            discriminator=DCGANDiscriminator(features=64),
            generator_optimizer=Adam(lr=2e-4, b1=0.5),
            discriminator_optimizer=Adam(lr=2e-4, b1=0.5),
        ),
        data=Data(source="folder:images", image_size=64, batch_size=128, channels=3),
    )
