"""The DCGAN of GANs in Action (Langr and Bok, chapter 4) on MNIST.

Paper: Radford et al. 2016, in the book's 28 px form: convT 128, 64, 1 (k3) against conv 32, 64,
128 (k3 s2), batch 128, Adam. The book takes Keras's Adam defaults; the paper's 2e-4 and b1 .5 are
taken here, which are steadier.
Command: python -m jaxgan.train configs/dcgan_mnist.py
Time: not run to its end here. After 1,500 steps at batch 64 most of a sheet's 100 samples are
legible digits with clean strokes, and no two are alike.
"""

from jaxgan.algorithms import GAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="dcgan_mnist",
        steps=20_000,
        algorithm=GAN(
            generator=BookDCGANGenerator(),
            discriminator=BookDCGANDiscriminator(),
            generator_optimizer=Adam(lr=2e-4, b1=0.5),
            discriminator_optimizer=Adam(lr=2e-4, b1=0.5),
        ),
        data=Data(source="tfds:mnist", batch_size=128),
    )
