"""The conditional GAN of GANs in Action (Langr and Bok, chapter 8) on MNIST.

Paper: Mirza and Osindero 2014, as in the book: z times an embedding of the label into G, the label
as a 28x28 channel into D, batch 32, 12,000 iterations, Adam
with Keras's defaults.
Command: python -m jaxgan.train configs/cgan_mnist.py
Time: not run to its end here.
"""

from jaxgan.algorithms import CGAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="cgan_mnist",
        steps=12_000,
        algorithm=CGAN(
            generator=BookDCGANGenerator(conditioning="embedding"),
            discriminator=BookDCGANDiscriminator(conditioning="channel"),
            generator_optimizer=Adam(lr=1e-3, b1=0.9, b2=0.999, eps=1e-7),
            discriminator_optimizer=Adam(lr=1e-3, b1=0.9, b2=0.999, eps=1e-7),
        ),
        data=Data(source="tfds:mnist", batch_size=32),
    )
