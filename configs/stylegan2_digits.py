"""StyleGAN2-ADA on scikit-learn's 1,797 handwritten digits, at 16 px.

Paper: Karras et al. 2020 (StyleGAN2; ADA), with 64 channels for 512, two layers of mapping, and
augmentations whose probability moves five times as fast, for a run of 128,000 images.
Command: python -m jaxgan.train stylegan2_digits
Time: recipe, not run to its end here.
"""

from jaxgan.algorithms import ADA, StyleGAN2
from jaxgan.data.config import Data
from jaxgan.nets import StyleGAN2Discriminator, StyleGAN2Generator
from jaxgan.run.config import Run

WIDTHS = {"channel_base": 512, "channel_max": 64}


def config() -> Run:
    """The experiment."""
    return Run(
        name="stylegan2_digits",
        steps=4000,
        algorithm=StyleGAN2(
            generator=StyleGAN2Generator(style_dim=64, mapping_layers=2, **WIDTHS),
            discriminator=StyleGAN2Discriminator(**WIDTHS),
            latent_dim=64,
            augment=ADA(kimg=100.0),
            r1=0.1,
        ),
        data=Data(image_size=16, batch_size=32),
    )
