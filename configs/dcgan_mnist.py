"""The DCGAN of GANs in Action (Langr and Bok, chapter 4) on MNIST.

Paper: Radford et al. 2016, in the book's 28 px form: convT 128, 64, 1 (k3) against conv 32, 64,
128 (k3 s2), batch 128, Adam with Keras's defaults. The book takes 20,000 iterations.
Command: python -m jaxgan.train configs/dcgan_mnist.py
Time: 42 minutes on two shared cores.
Got, 2026-11-25, after 5,000 steps: clean strokes and mostly legible digits of all classes, each 7%
to 13% by an SVC (97.9% on test images); fid10k/squeezenet 698, diversity 0.98.
"""

from jaxgan.algorithms import GAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="dcgan_mnist",
        steps=5_000,
        algorithm=GAN(
            generator=BookDCGANGenerator(),
            discriminator=BookDCGANDiscriminator(),
            generator_optimizer=Adam(lr=1e-3, b1=0.9, b2=0.999, eps=1e-7),
            discriminator_optimizer=Adam(lr=1e-3, b1=0.9, b2=0.999, eps=1e-7),
        ),
        data=Data(source="tfds:mnist", batch_size=128),
    )
