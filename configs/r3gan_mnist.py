"""A class-conditional R3GAN on MNIST, at 32 px.

Paper: Huang et al. 2024: its nets, narrow, with relativistic pairs, R1 and R2 at each step, and
schedules along half a cosine of the learning rate, Adam's b2, gamma and the averages' half-life.
Command: python -m jaxgan.train r3gan_mnist
Time: recipe, not run to its end here.
"""

from jaxgan.algorithms import R3GAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import R3GANDiscriminator, R3GANGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="r3gan_mnist",
        steps=3000,
        algorithm=R3GAN(
            generator=R3GANGenerator(features=24, blocks=1),
            discriminator=R3GANDiscriminator(features=24, blocks=1),
            conditional=True,
            gamma=2.0,
            gamma_end=0.2,
            optimizer=Adam(lr=5e-4, lr_end=1e-4, b1=0.0, b2=0.9, b2_end=0.99, schedule="cosine"),
            ema_half_life=20_000.0,
        ),
        data=Data(source="tfds:mnist", image_size=32, batch_size=64),
    )
