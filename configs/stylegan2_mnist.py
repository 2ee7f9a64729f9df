"""StyleGAN2-ADA on MNIST, at 32 px.

Paper: Karras et al. 2020 (StyleGAN2; ADA), with 64 channels for 512, 16 at 32 px, two layers of
mapping, and augmentations whose probability moves five times as fast.
Command: python -m jaxgan.train stylegan2_mnist
Time: recipe, not run to its end here.
"""

from jaxgan.algorithms import ADA, StyleGAN2
from jaxgan.data.config import Data
from jaxgan.nets import StyleGAN2Discriminator, StyleGAN2Generator
from jaxgan.run.config import Run, Sample

WIDTHS = {"channel_base": 512, "channel_max": 64}


def config() -> Run:
    """The experiment."""
    return Run(
        name="stylegan2_mnist",
        steps=12_000,
        algorithm=StyleGAN2(
            generator=StyleGAN2Generator(style_dim=64, mapping_layers=2, **WIDTHS),
            discriminator=StyleGAN2Discriminator(**WIDTHS),
            latent_dim=64,
            augment=ADA(kimg=100.0),
            r1=0.1,
        ),
        data=Data(source="tfds:mnist", image_size=32, batch_size=32),
        sample=Sample(every=1000),
    )
