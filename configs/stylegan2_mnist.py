"""StyleGAN2-ADA on MNIST, at 32 px.

Paper: Karras et al. 2020 (StyleGAN2; ADA), with 64 channels for 512, 16 at 32 px, two layers of
mapping, and augmentations whose probability moves five times as fast.
Command: python -m jaxgan.train stylegan2_mnist
Time: recipe, not run to its end here.
"""

from dataclasses import replace

from jaxgan.data.config import Data
from jaxgan.run.config import Run, Sample
from jaxgan.run.configs import find_config


def config() -> Run:
    """The experiment."""
    return replace(
        find_config("stylegan2_digits"),
        name="stylegan2_mnist",
        steps=12_000,
        data=Data(source="tfds:mnist", image_size=32, batch_size=32),
        sample=Sample(every=1000),
    )
