"""WGAN with weight clipping on MNIST.

Paper: Arjovsky et al. 2017, Algorithm 1: RMSprop 5e-5, clip 0.01, 5 critic updates, batch 64; the
book's 28 px DCGAN nets.
Command: python -m jaxgan.train configs/wgan_mnist.py
Time: 21 minutes for 1,500 steps (7,500 critic updates) on two shared cores.
Got, 2026-11-25, after 1,500 steps: strokes of digits, about a third of them legible, 3% to 20% in
each class by an SVC; fid10k/squeezenet 10,260, diversity 1.00. Not run to its 20,000 steps.
"""

from jaxgan.algorithms import WGAN, Penalties, RMSprop
from jaxgan.data.config import Data
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="wgan_mnist",
        steps=20_000,
        algorithm=WGAN(
            generator=BookDCGANGenerator(),
            critic=BookDCGANDiscriminator(norm="batch"),
            latent_dim=100,
            penalties=Penalties(),
            clip=0.01,
            generator_optimizer=RMSprop(lr=5e-5),
            critic_optimizer=RMSprop(lr=5e-5),
        ),
        data=Data(source="tfds:mnist", batch_size=64),
    )
