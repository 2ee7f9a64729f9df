"""The adversarial game of the image-to-image methods, and its checks."""

from typing import Any

import flax.linen as nn

from jaxgan.algorithms._parts.penalties import Penalties
from jaxgan.errors import InputError
from jaxgan.losses import adversarial
from jaxgan.losses.adversarial import Objective, ObjectiveName
from jaxgan.nets.traits import is_lipschitz
from jaxgan.typing import Scalar


def game(name: ObjectiveName) -> Objective:
    """The objective with D's loss halved, which slows D down relative to G.

    An objective's own ``scale`` is divided out, so that G's least-squares loss is
    E[(D(G(x)) - 1)^2] as in CycleGAN.

    Reference: Isola et al. 2017, section 3.3; Zhu et al. 2017, section 4.
    """
    objective = adversarial.get(name)

    def discriminator(*logits: Any) -> Scalar:
        return 0.5 / objective.scale * objective.discriminator(*logits)

    def generator(*logits: Any) -> Scalar:
        return 1.0 / objective.scale * objective.generator(*logits)

    return objective._replace(discriminator=discriminator, generator=generator)


def check_game(objective: Objective, discriminator: nn.Module, penalties: Penalties) -> None:
    """Raises InputError for a gradient penalty with batch norm, or a critic without a bound."""
    penalties.check(discriminator, "discriminator")
    if objective.lipschitz and not (penalties.smooths or is_lipschitz(discriminator)):
        raise InputError(
            "algorithm.objective: wasserstein needs a Lipschitz discriminator: set"
            " algorithm.penalties.gradient_penalty, or algorithm.discriminator.norm spectral"
        )
