"""Conditional GANs (Mirza and Osindero 2014; GANs in Action, chapter 8).

Both players see the label. In D's update, the fakes have the labels of the real batch, so D never
sees a mismatched pair. G's update draws new labels, uniform over the classes. The method is
:class:`GAN` with labels. With ``class_loss`` only G sees the label, and D classifies (AC-GAN, Odena
et al. 2017).
"""

from typing import Any

import flax.linen as nn

from jaxgan.algorithms.gan import GAN
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator

_G, _D = BookDCGANGenerator(), BookDCGANDiscriminator()


def CGAN(*, generator: nn.Module = _G, discriminator: nn.Module = _D, **fields: Any) -> GAN:
    """A :class:`GAN` whose players are conditioned on the class, by default with the book's nets.

    Args:
      generator: the net G; its ``conditioning`` sets how it receives the class.
      discriminator: the net D, likewise.
      **fields: the other fields of :class:`GAN`.
    """
    return GAN(generator=generator, discriminator=discriminator, conditional=True, **fields)
