"""An importance-weighted autoencoder on MNIST with five codes per image.

Paper: Burda et al. 2016: 784-200-200-50, tanh, images binarised anew at every step. The paper
trains for 3,280 epochs with batch 20 and k up to 50; here 5 epochs with batch 128 and k = 5.
Command: python -m jaxgan.train iwae_mnist
         python -m jaxgan.train iwae_mnist --algorithm.k 1 (the VAE of the same nets)
Time: recipe, not run.
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
