"""Conditional GANs (Mirza and Osindero 2014; GANs in Action, chapter 8).

Both players see the label. D's fakes carry the labels of the real batch, so D never sees a
mismatched pair; the generator's step draws new labels, every class as likely.
"""

from dataclasses import dataclass

import flax.linen as nn

from jaxgan.algorithms._parts.latent import draw_labels
from jaxgan.algorithms.gan import GAN
from jaxgan.core import Spec
from jaxgan.errors import InputError
from jaxgan.nets import BookDCGANDiscriminator, BookDCGANGenerator
from jaxgan.typing import Batch, Label, PRNGKey


@dataclass(frozen=True, kw_only=True)
class CGAN(GAN):
    """A GAN whose players are told the class; how, is the nets' ``conditioning``."""

    generator: nn.Module = BookDCGANGenerator()
    """The net G."""
    discriminator: nn.Module = BookDCGANDiscriminator()
    """The net D."""
    num_classes: int = 0
    """0: as many as the data has."""

    def classes(self, spec: Spec) -> int:
        """Classes that the nets are told of."""
        if not spec.num_classes:
            raise InputError(
                "data.source: a conditional GAN needs labels and this source has none;"
                " use the algorithm GAN"
            )
        if self.num_classes and self.num_classes < spec.num_classes:
            raise InputError(
                f"algorithm.num_classes: {self.num_classes} is fewer than the {spec.num_classes}"
                " classes of the data; use 0 for as many as the data has"
            )
        return self.num_classes or spec.num_classes

    def labels_of(self, batch: Batch) -> Label:
        """The real batch's labels, which D's fakes carry too."""
        return batch["label"]

    def draw_labels(self, key: PRNGKey, n: int) -> Label:
        """New random labels."""
        return draw_labels(key, n, self.generator.num_classes)
