"""WGAN-GP on MNIST.

Paper: Gulrajani et al. 2017, Algorithm 1: lambda 10, 5 critic updates, Adam 1e-4 (0, .9), batch 64;
the book's 28 px DCGAN nets, with no norm in the critic.
Command: python -m jaxgan.train configs/wgan_gp_mnist.py
Time: recipe, not run to its end here. After 400 steps (2,000 critic updates) a sheet shows white
strokes on black, about half of them recognisable as digits.
"""

from jaxgan.algorithms import WGAN, Adam, Penalties
from jaxgan.data.config import Data
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="wgan_gp_mnist",
        steps=20_000,
        algorithm=WGAN(
            generator=BookDCGANGenerator(),
            critic=BookDCGANDiscriminator(norm="none"),
            latent_dim=100,
            penalties=Penalties(gradient_penalty=10.0),
            generator_optimizer=Adam(lr=1e-4, b1=0.0, b2=0.9),
            critic_optimizer=Adam(lr=1e-4, b1=0.0, b2=0.9),
        ),
        data=Data(source="tfds:mnist", batch_size=64),
    )
