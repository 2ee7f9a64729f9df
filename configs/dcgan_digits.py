"""The DCGAN of GANs in Action (Langr and Bok, chapter 4) on scikit-learn's digits.

Paper: Radford et al. 2016, in the book's 28 px form, at half its width for a small data set, with
the hinge loss and spectral normalization of SNGAN (Miyato et al. 2018).
Command: python -m jaxgan.train configs/dcgan_digits.py
Time: 10 minutes of training on two shared cores.
Got, 2026-11-20: clean digits. Of 1,000, an SVC assigns 71 to 130 to each digit. Their per-pixel
standard deviation is 99% of the reals'.
"""

from jaxgan.algorithms import GAN, Adam
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="dcgan_digits",
        steps=3000,
        algorithm=GAN(
            generator=BookDCGANGenerator(features=32),
            discriminator=BookDCGANDiscriminator(features=32, norm="spectral"),
            objective="hinge",
            generator_optimizer=Adam(lr=5e-4, schedule="linear"),
            discriminator_optimizer=Adam(lr=5e-4, schedule="linear"),
            ema_decay=0.99,
        ),
    )
