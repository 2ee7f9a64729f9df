"""SNGAN's ResNet on CIFAR-10.

Paper: Miyato et al. 2018, section 4 and table 4: hinge loss, spectral normalization of D, 256
channels in G and 128 in D, 5 updates of D, batch 64, Adam 2e-4 (0, 0.9) with linear decay to 0 over
100k steps. Published results of such a model: FID 16.77, IS 7.97 (50k samples against the 50k
training images).
Command: python -m jaxgan.train sngan_cifar10
Time: recipe, not run: it needs a GPU.
"""

from jaxgan.algorithms import GAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import ResidualCritic, ResidualGenerator
from jaxgan.run.config import Checkpoint, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="sngan_cifar10",
        steps=100_000,
        algorithm=GAN(
            generator=ResidualGenerator(features=256),
            discriminator=ResidualCritic(features=128, norm="spectral", pool="sum"),
            objective="hinge",
            latent_dim=128,
            n_critic=5,
            generator_optimizer=Adam(lr=2e-4, b1=0.0, b2=0.9, schedule="linear"),
            discriminator_optimizer=Adam(lr=2e-4, b1=0.0, b2=0.9, schedule="linear"),
        ),
        data=Data(source="tfds:cifar10", image_size=32, batch_size=64),
        checkpoint=Checkpoint(every=5000),
        sample=Sample(every=1000),
    )
