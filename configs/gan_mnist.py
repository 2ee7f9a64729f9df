"""The first GAN of GANs in Action (Langr and Bok, chapter 3) on MNIST.

Paper: Goodfellow et al. 2014, as in the book: dense nets of 128 hidden units, LeakyReLU 0.01,
100-dimensional z, Adam with Keras's defaults, batch 128, 20,000 iterations.
Command: python -m jaxgan.train configs/gan_mnist.py
Time: 13 minutes of training on two busy cores.
Got, 2026-11-24: noisy digits, like the book's. Of 10,000, an SVC (97.9% on held-out reals) assigns
24.9% to eights and 3.7% to the rarest digit. Their per-pixel standard deviation is 54% of the
reals'; diversity is 0.68; fid10k/squeezenet 23,255. A dense GAN drops modes: see dcgan_mnist.
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
