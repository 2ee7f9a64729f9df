"""The first GAN of GANs in Action (Langr and Bok, chapter 3) on scikit-learn's digits.

Paper: Goodfellow et al. 2014, as in the book: dense nets of 128 hidden units, LeakyReLU 0.01,
100-dimensional z, Adam with Keras's defaults, batch 128, cross-entropy.
Command: python -m jaxgan.train configs/gan_digits.py
Time: 105 seconds of training on two shared cores.
Got, 2026-11-20: noisy, often blurred digits. Of 1,000, an SVC assigns 44% to eights and 0.3% to
zeros. Their per-pixel standard deviation is 76% of the reals'. A dense GAN drops modes: see
dcgan_digits.
"""

from jaxgan.algorithms import GAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import MLPDiscriminator, MLPGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="gan_digits",
        steps=20_000,
        algorithm=GAN(
            generator=MLPGenerator(),
            discriminator=MLPDiscriminator(),
            generator_optimizer=Adam(lr=1e-3, b1=0.9, b2=0.999, eps=1e-7),
            discriminator_optimizer=Adam(lr=1e-3, b1=0.9, b2=0.999, eps=1e-7),
        ),
        data=Data(batch_size=128),
    )
