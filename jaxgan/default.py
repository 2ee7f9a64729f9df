"""The experiment that ``python -m jaxgan.train`` runs without arguments."""

from jaxgan.algorithms import CGAN
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """A conditional DCGAN on scikit-learn's handwritten digits; see configs/cgan_digits.py."""
    return Run(
        name="cgan_digits",
        steps=3000,
        algorithm=CGAN(
            generator=BookDCGANGenerator(features=24, conditioning="class_norm"),
            discriminator=BookDCGANDiscriminator(
                features=24, norm="spectral", conditioning="projection"
            ),
            objective="hinge",
            learning_rate=1e-3,
            decay="linear",
            ema_decay=0.99,
        ),
    )
