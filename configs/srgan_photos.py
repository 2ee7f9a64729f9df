"""SRGAN x2 on two photographs that scikit-learn carries, by pixels. No download.

Paper: Ledig et al. 2017
recipe, not run
"""

from jaxgan.algorithms import SRGAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import EDSR, SRGANDiscriminator
from jaxgan.run.config import Evaluate, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="srgan_photos",
        steps=900,
        algorithm=SRGAN(
            generator=EDSR(features=16, blocks=4),
            discriminator=SRGANDiscriminator(features=8, dense=64),
            pretraining=2 / 3,
            residual=True,
            generator_optimizer=Adam(lr=1e-3, b1=0.9, schedule="cosine"),
            discriminator_optimizer=Adam(lr=5e-4, b1=0.9),
        ),
        data=Data(
            source="photo_tiles",
            image_size=48,
            batch_size=16,
            channels=3,
            resize=False,
            flip=True,
            fold=(1, 5),
        ),
        sample=Sample(every=300),
        log=Log(every=50),
        evaluate=Evaluate(every=300),
    )
