"""An importance-weighted autoencoder on MNIST with five codes per image.

Paper: Burda et al. 2016: 784-200-200-50, tanh, images binarised anew at every step. The paper
trains for 3,280 epochs with batch 20 and k up to 50; here 5 epochs with batch 128 and k = 5.
Command: python -m jaxgan.train iwae_mnist
         python -m jaxgan.train iwae_mnist --algorithm.k 1 (the VAE of the same nets)
Time: 5 minutes on one shared CPU core, and 2 minutes with k = 1.
Got, 2026-11-30, with --data.source idx:PATH, on the 10,000 test images, binarised anew: the bounds
with k = 1, 5, 50 and 200 codes are 118.4, 113.3, 110.5 and 109.7 nats. The VAE of the same nets
(k = 1) has 120.5, 117.9, 116.5 and 116.1.
"""

from jaxgan.algorithms import VAE
from jaxgan.data.config import Data
from jaxgan.nets import DenseDecoder, DenseEncoder
from jaxgan.run.config import Evaluate, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="iwae_mnist",
        steps=2_345,
        algorithm=VAE(
            encoder=DenseEncoder(hidden=200, layers=2, activation="tanh"),
            decoder=DenseDecoder(hidden=200, layers=2, activation="tanh"),
            latent_dim=50,
            binarize="resampled",
            k=5,
            measured_k=(1, 5, 50, 200),
        ),
        data=Data(source="tfds:mnist", batch_size=128, on_device=True),
        sample=Sample(every=2_345),
        log=Log(every=469),
        evaluate=Evaluate(every=2_345, metrics="none"),
    )
