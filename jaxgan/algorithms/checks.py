"""Combinations that make no sense, refused at build time with the reason."""

from typing import TYPE_CHECKING

import flax.linen as nn

from jaxgan.errors import InputError

if TYPE_CHECKING:
    from jaxgan.algorithms.gan import GAN


def check_gan(gan: "GAN") -> None:
    """Raises InputError where a GAN's fields contradict each other."""
    check_n_critic(gan.n_critic)
    check_smooth(gan.discriminator, "discriminator", gan.gradient_penalty, gan.r1, gan.r2)
    spectral = getattr(gan.discriminator, "norm", None) == "spectral"
    if gan.objective == "wasserstein" and not (gan.gradient_penalty or gan.r1 or spectral):
        raise InputError(
            "algorithm.objective: wasserstein needs a Lipschitz discriminator: set"
            " algorithm.gradient_penalty, or use the algorithm WGAN, which clips its weights"
        )
    noisy = gan.real_label != 1.0 or gan.flip_labels
    if noisy and gan.objective not in ("minimax", "nonsaturating"):
        field = "flip_labels" if gan.flip_labels else "real_label"
        raise InputError(
            f"algorithm.{field}: the {gan.objective} objective has no labels to change;"
            " use minimax or nonsaturating"
        )


def check_n_critic(n_critic: int) -> None:
    """Raises InputError below 1."""
    if n_critic < 1:
        raise InputError(f"algorithm.n_critic: {n_critic} is below 1")


def check_smooth(net: nn.Module, name: str, *weights: float) -> None:
    """Raises InputError for a penalty on the gradient of a net with BatchNorm."""
    if any(weights) and getattr(net, "norm", None) == "batch":
        raise InputError(
            f"algorithm.{name}.norm: a gradient penalty needs a score that depends on one image"
            " alone, and batch norm mixes the batch; use layer, instance, spectral or none"
        )
