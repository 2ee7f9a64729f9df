"""The class-conditional R3GAN on CIFAR-10.

Paper: Huang et al. 2024, appendix: 768 channels, two blocks with 96 groups at each resolution,
64-dimensional z, batch 512 for each player, Adam 2e-4 to 5e-5 (0, 0.9 to 0.99), gamma 0.05 to
0.005, and an average with a half-life of 0 to 5 million images, each along half a cosine over 20
million images; bfloat16. The paper also augments the images, with a probability of 0 to 0.55, and
trains on after these 20 million: FID 1.96.
Command: python -m jaxgan.train r3gan_cifar10
Time: recipe, not run: it needs a GPU.
"""

from jaxgan.algorithms import R3GAN
from jaxgan.data.config import Data
from jaxgan.nets import R3GANDiscriminator, R3GANGenerator
from jaxgan.run.config import Checkpoint, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="r3gan_cifar10",
        steps=39_063,
        algorithm=R3GAN(
            generator=R3GANGenerator(features=768, blocks=2),
            discriminator=R3GANDiscriminator(features=768, blocks=2),
            conditional=True,
            gamma=0.05,
            gamma_end=0.005,
            ema_half_life=5e6,
            compute_dtype="bfloat16",
        ),
        data=Data(source="tfds:cifar10", image_size=32, batch_size=512, flip=True),
        checkpoint=Checkpoint(every=2000),
        sample=Sample(every=1000),
    )
