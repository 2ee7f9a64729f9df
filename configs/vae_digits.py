"""The variational autoencoder of GANs in Action (Langr and Bok, ch. 2) on scikit-learn's digits.

Paper: Kingma and Welling 2014, as in the book: 784-256-2, so that the sheet shows the latent plane;
grey levels are means of Bernoulli pixels.
Command: python -m jaxgan.train vae_digits
Time: 50 CPU seconds.
Got, 2026-11-29, on the 359 held-out digits: -ELBO 288.8 nats, KL 5.8; importance-weighted bound
with k = 100, 284.6. The plane shows ones, nines, fives, zeros, fours, sixes and twos; threes,
sevens and eights are blurred between them.
"""

from jaxgan.algorithms import VAE
from jaxgan.data.config import Data
from jaxgan.run.config import Evaluate, Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="vae_digits",
        steps=3_000,
        algorithm=VAE(),
        data=Data(source="digits", batch_size=128, held_out=0.2, on_device=True),
        evaluate=Evaluate(every=500, metrics="none"),
    )
