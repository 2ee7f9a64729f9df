"""StyleGAN2-ADA on MNIST, at 32 px.

Paper: Karras et al. 2020 (StyleGAN2; ADA), with 64 channels for 512, 16 at 32 px, two layers of
mapping, augmentations whose probability moves five times as fast, and the R1 weight (0.01) and no
path length regularization that the authors take for CIFAR-10 at the same size.
Command: python -m jaxgan.train stylegan2_mnist
Time: recipe, not run to its end here.
"""

from dataclasses import replace

from jaxgan.data.config import Data
from jaxgan.run.config import Run, Sample
from jaxgan.run.configs import find_config


def config() -> Run:
    """The experiment."""
    digits = find_config("stylegan2_digits")
    return replace(
        digits,
        name="stylegan2_mnist",
        algorithm=replace(digits.algorithm, r1=0.01, path_length=0.0),
        steps=5000,
        data=Data(source="tfds:mnist", image_size=32, batch_size=32),
        sample=Sample(every=1000),
    )
