"""Combinations that make no sense for any method, refused at build time with the reason."""

import flax.linen as nn

from jaxgan.core import Spec
from jaxgan.errors import InputError


def check_domains(spec: Spec, names: tuple[str, ...]) -> None:
    """Raises InputError where the data has one set of images and two are needed, or vice versa."""
    if spec.images == names:
        return
    if len(names) == 1:
        raise InputError(
            "data.source: it gives images of two domains, and this algorithm learns one; use"
            " folder:PATH, or the algorithm CycleGAN or Pix2Pix"
        )
    raise InputError(
        "data.source: it gives one set of images, and this algorithm needs two domains; use"
        " unpaired:PATH_A,PATH_B, paired:PATH_A,PATH_B or photos"
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
