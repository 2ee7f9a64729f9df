"""Properties of a network that a method did not make.

A network answers by its field ``norm``. One without that field has neither trait.
"""

from flax import linen as nn

from jaxgan.ops import normalization


def mixes_batch(net: nn.Module) -> bool:
    """Whether the result for one example depends on the others of its batch, as in BatchNorm."""
    return normalization.mixes_batch(getattr(net, "norm", "none"))


def is_lipschitz(net: nn.Module) -> bool:
    """Whether spectral normalization bounds the Lipschitz constant of every layer."""
    return normalization.is_lipschitz(getattr(net, "norm", "none"))
