"""A class-conditional R3GAN on scikit-learn's 1,797 handwritten digits, at 16 px.

Paper: Huang et al. 2024: narrow versions of its nets, relativistic pairs, R1 and R2 at each step,
and half-cosine schedules for the learning rate, Adam's b2, gamma and the averages' half-life.
Command: python -m jaxgan.train r3gan_digits
Time: 6 minutes on two cores.
Got, 2026-11-25: an SVC (99.1% on held-out reals) assigns 99.7% of 10,000 samples to the requested
class; diversity 0.96, within a class 0.83. All digits are legible except a few eights and sevens.
"""

from jaxgan.algorithms import R3GAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import R3GANDiscriminator, R3GANGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="r3gan_digits",
        steps=3000,
        algorithm=R3GAN(
            generator=R3GANGenerator(features=24, blocks=1),
            discriminator=R3GANDiscriminator(features=24, blocks=1),
            conditional=True,
            gamma=0.5,
            gamma_end=0.05,
            optimizer=Adam(lr=1e-3, lr_end=2.5e-4, b1=0.0, b2=0.9, b2_end=0.99, schedule="cosine"),
            ema_half_life=20_000.0,
        ),
        data=Data(source="digits", image_size=16, batch_size=64),
    )
