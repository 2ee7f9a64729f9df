"""A conditional DCGAN on scikit-learn's 1,797 handwritten digits: the default config.

Paper: the two nets of GANs in Action (Langr and Bok, chapters 4 and 8), narrower, with the hinge
loss and spectral normalization of SNGAN (Miyato et al. 2018), class-conditional BatchNorm in G and
a projection discriminator (Miyato and Koyama 2018).
Command: python -m jaxgan.train
Time: 122 to 141 seconds of training on two shared cores, without set-up.
Got, 2026-11-30: an SVC (98.9% on real test digits) assigns 98.4% of 1,000 samples to the requested
digit. Their per-pixel standard deviation within a class is 91.3% of the reals'; diversity is 0.99,
0.96 within a class.
"""

from jaxgan.algorithms import CGAN, Adam
from jaxgan.data.config import Data
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator
from jaxgan.run.config import Checkpoint, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="cgan_digits",
        algorithm=CGAN(
            generator=BookDCGANGenerator(
                features=24,
                norm="batch",
                initializer="glorot",
                slope=0.01,
                conditioning="class_norm",
            ),
            discriminator=BookDCGANDiscriminator(
                features=24,
                norm="spectral",
                initializer="glorot",
                slope=0.01,
                conditioning="projection",
            ),
            objective="hinge",
            latent_dim=100,
            latent="normal",
            n_critic=1,
            generator_optimizer=Adam(lr=1e-3, b1=0.5, b2=0.999, schedule="linear"),
            discriminator_optimizer=Adam(lr=1e-3, b1=0.5, b2=0.999, schedule="linear"),
            ema_decay=0.99,
            compute_dtype="float32",
        ),
        data=Data(source="digits", image_size=28, batch_size=64),
        steps=3000,
        seed=0,
        checkpoint=Checkpoint(every=1000, keep=3),
        sample=Sample(every=500),
        log=Log(every=50),
    )
