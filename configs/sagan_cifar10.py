"""SAGAN on CIFAR-10, conditional.

Paper: Zhang et al. 2019, section 4: hinge loss, spectral normalization of both players,
self-attention, class-conditional BatchNorm in G and a projection in D, one update of D, learning
rates 1e-4 for G and 4e-4 for D (TTUR), Adam (0, 0.9). The paper trains on ImageNet at 128 px; here
the nets are SNGAN's for 32 px, with attention at 16 px.
Command: python -m jaxgan.train sagan_cifar10
Time: recipe, not run: it needs a GPU.
"""

from jaxgan.algorithms import CGAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import ResidualCritic, ResidualGenerator
from jaxgan.run.config import Checkpoint, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="sagan_cifar10",
        steps=100_000,
        algorithm=CGAN(
            generator=ResidualGenerator(features=256, spectral=True, attention=16),
            discriminator=ResidualCritic(features=128, norm="spectral", pool="sum", attention=16),
            objective="hinge",
            latent_dim=128,
            generator_optimizer=Adam(lr=1e-4, b1=0.0, b2=0.9),
            discriminator_optimizer=Adam(lr=4e-4, b1=0.0, b2=0.9),
        ),
        data=Data(source="tfds:cifar10", image_size=32, batch_size=64),
        checkpoint=Checkpoint(every=5000),
        sample=Sample(every=1000),
    )
