"""CycleGAN between horses (a) and zebras (b), from TFDS.

Paper: Zhu et al. 2017, figure 1, with the settings of ``cyclegan_maps``: 200 epochs of 1,334
images.
Command: python -m jaxgan.train configs/cyclegan_horse2zebra.py
Time: recipe, not run: it needs a download and a GPU.
"""

from jaxgan.algorithms import CycleGAN
from jaxgan.data.config import Data
from jaxgan.run.config import Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="cyclegan_horse2zebra",
        steps=266_800,
        algorithm=CycleGAN(),
        data=Data(
            source="tfds:cycle_gan/horse2zebra",
            image_size=256,
            batch_size=1,
            channels=3,
            crop=30,
            flip=True,
        ),
    )
