"""R3GAN (Huang et al. 2024): relativistic pairs with R1 and R2 at every step.

D minimises E[softplus(-(D(x) - D(G(z))))] + gamma/2 (R1 + R2). G minimises the first term with the
opposite sign inside, E[softplus(D(x) - D(G(z)))], on a fresh batch of reals. The learning rate and
gamma fall, and Adam's b2 and the half-life of the averaged weights rise, each along half a cosine.
The method is :class:`GAN` with other fields.
"""

from typing import Any

import flax.linen as nn

from jaxgan.algorithms._parts.optimizer import Adam
from jaxgan.algorithms._parts.penalties import Penalties
from jaxgan.algorithms.gan import GAN

_ADAM = Adam(lr=2e-4, lr_end=5e-5, b1=0.0, b2=0.9, b2_end=0.99, schedule="cosine")


def R3GAN(
    *,
    generator: nn.Module,
    discriminator: nn.Module,
    gamma: float = 0.05,
    gamma_end: float = 0.005,
    ema_half_life: float = 5e6,
    optimizer: Adam = _ADAM,
    **fields: Any,
) -> GAN:
    """A :class:`GAN` with the paper's recipe; the defaults are those of CIFAR-10.

    Args:
      generator: the net G, without normalization.
      discriminator: the net D, likewise.
      gamma: weight of R1 and R2 at the first step (2 for FFHQ at 64 px).
      gamma_end: their weight at the end of the run.
      ema_half_life: half-life in images of the averaged weights at the end of the run.
      optimizer: the optimizer of both players.
      **fields: the other fields of :class:`GAN`.

    Reference: Huang et al. 2024, section 2 and appendix.
    """
    penalties = Penalties(r1=gamma, r2=gamma, schedule="cosine", end=gamma_end / gamma)
    return GAN(
        generator=generator,
        discriminator=discriminator,
        objective="relativistic",
        fresh_reals=True,
        penalties=penalties,
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        ema_half_life=ema_half_life,
        **{"latent_dim": 64, **fields},
    )
