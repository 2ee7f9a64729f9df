"""Combinations that make no sense for any method, refused at build time with the reason."""

import flax.linen as nn

from jaxgan.errors import InputError


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
