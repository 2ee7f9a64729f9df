"""The WGAN-GP ResNet on CIFAR-10.

Paper: Gulrajani et al. 2017, section 5.4 and appendix F: 128 channels in both nets, 5 critic
updates with batch 64 and one generator update with batch 128, Adam 2e-4 (0, 0.9) with linear decay
to 0 over 100k steps, dequantized reals. Published results of such a model: FID 22.29, IS 7.33 (50k
samples against the 50k training images).
Command: python -m jaxgan.train configs/wgan_gp_cifar10.py
Time: recipe, not run: it needs a GPU.
"""

from jaxgan.algorithms import WGAN, Adam, Penalties
from jaxgan.data.config import Data
from jaxgan.nets import ResidualCritic, ResidualGenerator
from jaxgan.run.config import Checkpoint, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="wgan_gp_cifar10",
        steps=100_000,
        algorithm=WGAN(
            generator=ResidualGenerator(features=128),
            critic=ResidualCritic(features=128),
            latent_dim=128,
            n_critic=5,
            penalties=Penalties(gradient_penalty=10.0),
            generator_batch=2,
            dequantize=True,
            generator_optimizer=Adam(lr=2e-4, b1=0.0, b2=0.9, schedule="linear"),
            critic_optimizer=Adam(lr=2e-4, b1=0.0, b2=0.9, schedule="linear"),
        ),
        data=Data(source="tfds:cifar10", image_size=32, batch_size=64),
        checkpoint=Checkpoint(every=5000),
        sample=Sample(every=1000),
    )
