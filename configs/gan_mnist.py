"""The first GAN of GANs in Action (Langr and Bok, chapter 3) on MNIST.

Paper: Goodfellow et al. 2014, as in the book: dense nets of 128 hidden units, LeakyReLU .01, z of
100 numbers, Adam with Keras's defaults, batch 128, 20,000 iterations.
Command: python -m jaxgan.train configs/gan_mnist.py
Time: not run to its end here.
"""

from jaxgan.algorithms import GAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import MLPDiscriminator, MLPGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="gan_mnist",
        steps=20_000,
        algorithm=GAN(
            generator=MLPGenerator(),
            discriminator=MLPDiscriminator(),
            generator_optimizer=Adam(lr=1e-3, b1=0.9, b2=0.999, eps=1e-7),
            discriminator_optimizer=Adam(lr=1e-3, b1=0.9, b2=0.999, eps=1e-7),
        ),
        data=Data(source="tfds:mnist", batch_size=128),
    )
