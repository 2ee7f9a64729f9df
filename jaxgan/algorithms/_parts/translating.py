"""What the image-to-image methods share: their game, their nets' call, their sheet."""

from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.algorithms._parts.checks import check_smooth
from jaxgan.errors import InputError
from jaxgan.losses import adversarial
from jaxgan.losses.adversarial import Objective, ObjectiveName
from jaxgan.typing import Image, Scalar


def game(name: ObjectiveName) -> Objective:
    """The objective with the discriminator's loss halved, which slows it down, and G's whole.

    Reference: Isola et al. 2017, section 3.3; Zhu et al. 2017, section 4, whose least squares are
    E[(D(G(x)) - 1)^2] for G: :data:`jaxgan.losses.least_squares` is half of each already.
    """
    objective = adversarial.get(name)
    halves = name == "least_squares"

    def discriminator(*logits: Any) -> Scalar:
        return (1.0 if halves else 0.5) * objective.discriminator(*logits)

    def generator(*logits: Any) -> Scalar:
        return (2.0 if halves else 1.0) * objective.generator(*logits)

    return Objective(discriminator, generator)


def check_game(objective: ObjectiveName, discriminator: nn.Module, penalty: float) -> None:
    """Raises InputError for a penalty that batch norm spoils, or Wasserstein without any."""
    check_smooth(discriminator, "discriminator", penalty)
    spectral = getattr(discriminator, "norm", None) == "spectral"
    if objective == "wasserstein" and not (penalty or spectral):
        raise InputError(
            "algorithm.objective: wasserstein needs a Lipschitz discriminator: set"
            " algorithm.gradient_penalty, or algorithm.discriminator.norm spectral"
        )


def check_weights(**weights: float) -> None:
    """Raises InputError for one below 0."""
    for name, weight in weights.items():
        if weight < 0:
            raise InputError(f"algorithm.{name}: {weight} is below 0")


def l1(x: Image, y: Image) -> Scalar:
    """E[|x - y|], over all pixels."""
    return jnp.abs(x - y).mean()
