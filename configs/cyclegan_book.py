"""The CycleGAN of *GANs in Action*: apples (a) to oranges (b) at 128 px with a U-Net.

Paper: Langr and Bok, ch. 9: U-Net with four halvings from 32 channels, discriminator with four
strided convolutions from 64, least squares, lambda 10, identity 0.9, Adam 2e-4 (0.5, 0.999),
batch 1. The book has no pool and trains the discriminators first. It normalizes over all channels;
here each channel is normalized by itself.
Command: python -m jaxgan.train configs/cyclegan_book.py
Time: recipe, not run: it needs a download.
"""

from jaxgan.algorithms import Adam, CycleGAN
from jaxgan.data.config import Data
from jaxgan.nets import BookPatchDiscriminator, BookUNetGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="cyclegan_book",
        steps=100_000,
        algorithm=CycleGAN(
            generator=BookUNetGenerator(),
            discriminator=BookPatchDiscriminator(),
            identity=0.9,
            pool_size=0,
            generator_optimizer=Adam(),
            discriminator_optimizer=Adam(),
        ),
        data=Data(
            source="tfds:cycle_gan/apple2orange",
            image_size=128,
            batch_size=1,
            channels=3,
            flip=True,
        ),
    )
