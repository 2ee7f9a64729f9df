"""The variational autoencoder of GANs in Action (Langr and Bok, chapter 2) on the small digits.

Paper: Kingma and Welling 2014, in the book's form: 784-256-2, so that the sheet is the plane of
codes; grey levels as means of Bernoulli pixels.
Command: python -m jaxgan.train vae_digits
Time: 50 CPU seconds.
Got, 2026-11-29: -ELBO 288.8 nats on the 359 held-out digits, KL 5.8; importance-weighted with
k = 100, 284.6. The plane holds ones, nines, fives, zeros, fours, sixes and twos; threes, sevens and
eights are blurred between them.
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
