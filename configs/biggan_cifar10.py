"""BigGAN on CIFAR-10, conditional.

Paper: Brock et al. 2019, with the settings of the authors' CIFAR-10 script: 256 channels in all
blocks, batch 50, 4 updates of D, Adam 2e-4 (0, 0.999), averaged weights of G (0.9999). Published
results of BigGAN on CIFAR-10: FID 14.73, IS 9.22 (paper, appendix C.2).
Command: python -m jaxgan.train biggan_cifar10
         python -m jaxgan.sample RUN --truncation 0.5 --out few.png
Time: recipe, not run: it needs a GPU.
"""

from jaxgan.algorithms import CGAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import BigGANDiscriminator, BigGANGenerator
from jaxgan.run.config import Checkpoint, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="biggan_cifar10",
        steps=50_000,
        algorithm=CGAN(
            generator=BigGANGenerator(features=64),
            discriminator=BigGANDiscriminator(features=64),
            objective="hinge",
            latent_dim=128,
            n_critic=4,
            generator_optimizer=Adam(lr=2e-4, b1=0.0, b2=0.999),
            discriminator_optimizer=Adam(lr=2e-4, b1=0.0, b2=0.999),
            orthogonal=0.0,
            ema_decay=0.9999,
        ),
        data=Data(source="tfds:cifar10", image_size=32, batch_size=50, flip=True),
        checkpoint=Checkpoint(every=2000),
        sample=Sample(every=1000),
    )
