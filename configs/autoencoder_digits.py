"""The autoencoder of GANs in Action (Langr and Bok, chapter 2) on scikit-learn's digits.

Paper: Hinton and Salakhutdinov 2006, in the book's form: dense, 256 hidden units.
Command: python -m jaxgan.train autoencoder_digits
Time: 35 CPU seconds.
Got, 2026-11-29: PSNR 25.4 dB on the 359 held-out digits, with 16-dimensional codes. 96.2% of the
eight nearest neighbours by code have the query's class (by pixels 96.7%).
"""

from jaxgan.algorithms import Autoencoder
from jaxgan.data.config import Data
from jaxgan.run.config import Evaluate, Run


def config() -> Run:
    """The experiment."""
    return Run(
        name="autoencoder_digits",
        steps=3_000,
        algorithm=Autoencoder(latent_dim=16, loss="cross_entropy"),
        data=Data(source="digits", batch_size=128, held_out=0.2, on_device=True),
        evaluate=Evaluate(every=500, metrics="none"),
    )
