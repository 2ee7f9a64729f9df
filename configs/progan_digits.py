"""ProGAN on scikit-learn's digits, from 4 to 16 px.

Paper: Karras et al. 2018, at an eighth of its width, and 0.16 of its 3 million images.
Command: python -m jaxgan.train configs/progan_digits.py
Time: recipe, not run to its end here.
"""

from jaxgan.algorithms import ProGAN
from jaxgan.data.config import Data
from jaxgan.nets import ProGANDiscriminator, ProGANGenerator
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="progan_digits",
        steps=5000,
        algorithm=ProGAN(
            generator=ProGANGenerator(features=64, base=256),
            discriminator=ProGANDiscriminator(features=64, base=256),
            latent_dim=64,
            ema_decay=0.99,
        ),
        data=Data(image_size=16, batch_size=32),
    )
