"""A dense variational autoencoder on MNIST, as in PyTorch's example: 784-400-20, grey pixels.

Paper: Kingma and Welling 2014; pytorch/examples/vae: ReLU, Adam 1e-3, batch 128, grey levels as
means of Bernoulli pixels, 20 epochs.
Command: python -m jaxgan.train vae_mnist
Time: 6 minutes on two busy CPU cores.
Got, 2026-11-30, with --data.source idx:PATH, on the 10,000 test images: -ELBO 103.7 nats, KL 25.1;
importance-weighted bounds 103.7, 100.7 and 99.5 with k = 1, 10 and 100. With --algorithm.binarize
static --algorithm.binarize_seed 0: -ELBO 101.0, KL 27.0; bounds 101.0, 97.5 and 96.2.
"""

from jaxgan.algorithms import VAE
from jaxgan.data.config import Data
from jaxgan.nets import DenseDecoder, DenseEncoder
from jaxgan.run.config import Evaluate, Log, Run, Sample


def config() -> Run:
    """The experiment."""
    return Run(
        name="vae_mnist",
        steps=9_380,
        algorithm=VAE(
            encoder=DenseEncoder(hidden=400),
            decoder=DenseDecoder(hidden=400),
            latent_dim=20,
            measured_k=(1, 10, 100, 500),
        ),
        data=Data(source="tfds:mnist", batch_size=128, on_device=True),
        sample=Sample(every=4_690),
        log=Log(every=469),
        evaluate=Evaluate(every=9_380, metrics="none"),
    )
