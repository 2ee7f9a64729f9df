"""ProGAN on MNIST, from 4 to 32 px.

Paper: Karras et al. 2018, with 64 channels for 512, 16 at 32 px; smaller batches at higher levels;
a sixth of its images at each level.
Command: python -m jaxgan.train configs/progan_mnist.py
Time: recipe, not run to its end here.
"""

from jaxgan.algorithms import ProGAN
from jaxgan.data.config import Data
from jaxgan.nets import ProGANDiscriminator, ProGANGenerator
from jaxgan.run.config import Checkpoint, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="progan_mnist",
        steps=32_000,
        algorithm=ProGAN(
            generator=ProGANGenerator(features=64, base=256),
            discriminator=ProGANDiscriminator(features=64, base=256),
            latent_dim=64,
            batch_sizes=(64, 32, 16),
        ),
        data=Data(source="tfds:mnist", image_size=32, batch_size=16),
        checkpoint=Checkpoint(every=2000),
        sample=Sample(every=1000),
    )
