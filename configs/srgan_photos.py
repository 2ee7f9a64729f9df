"""SRGAN x2 on scikit-learn's two photographs, with a pixel content loss. No download.

Paper: Ledig et al. 2017, with the EDSR of edsr_photos as G, D with an eighth of the channels, 300
steps with mean squared error and 150 against D. For VGG's feature maps as content loss:
--algorithm.content.weights FILE --algorithm.content.layer relu5_4 --algorithm.content.weight 0.006
Command: python -m jaxgan.train srgan_photos
Time: two minutes on two shared CPU cores.
Got, 2026-11-29: leaves and petals are visibly sharper than EDSR's, with a faint grid in smooth
areas. On the six held-out tiles 34.58 dB on Y after the first leg and 33.35 after the second, SSIM
0.872 and 0.867 (bicubic 35.16 and 0.854).
"""

from jaxgan.algorithms import SRGAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import EDSR, SRGANDiscriminator
from jaxgan.run.config import Evaluate, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="srgan_photos",
        steps=450,
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
        sample=Sample(every=150),
        log=Log(every=50),
        evaluate=Evaluate(every=150),
    )
