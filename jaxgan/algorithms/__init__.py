"""One file a method: a frozen dataclass of hyperparameters, its losses, and ``build``."""

from jaxgan.algorithms.cgan import CGAN
from jaxgan.algorithms.gan import GAN
from jaxgan.algorithms.wgan import WGAN

__all__ = ["CGAN", "GAN", "WGAN"]
