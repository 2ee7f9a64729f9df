"""CycleGAN between two photographs: windows of a temple (a) and of a flower (b). No download.

Paper: Zhu et al. 2017, at 64 px with half the channels and three blocks.
Command: python -m jaxgan.train configs/cyclegan_photos.py
Time: not run yet.
"""

from jaxgan.algorithms import CycleGAN
from jaxgan.config import Log, Run, Sample
from jaxgan.data.config import Data
from jaxgan.nets import PatchGAN, ResNetGenerator


def config() -> Run:
    """The experiment."""
    return Run(
        name="cyclegan_photos",
        steps=3000,
        algorithm=CycleGAN(
            generator=ResNetGenerator(features=32, blocks=3),
            discriminator=PatchGAN(features=32),
        ),
        data=Data(source="photos", image_size=64, batch_size=2, crop=6, flip=True),
        sample=Sample(every=250),
        log=Log(every=25),
    )
