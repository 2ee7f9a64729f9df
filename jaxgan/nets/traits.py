"""Properties of a network that a method did not make.

A network answers by its fields ``norm`` and ``magnitude_preserving`` and by its class's attribute
``compares_batch``. One without them has none of the traits.
"""

from flax import linen as nn

from jaxgan.ops import normalization


def mixes_batch(net: nn.Module) -> bool:
    """Whether the result for one example depends on the others of its batch, as in BatchNorm."""
    return normalization.mixes_batch(getattr(net, "norm", "none"))


def compares_batch(net: nn.Module) -> bool:
    """Whether a layer compares the examples of a batch: the minibatch's standard deviation.

    The sum of the scores still has a gradient for each image, so penalties are allowed.
    """
    return getattr(net, "compares_batch", False)


def keeps_magnitude(net: nn.Module) -> bool:
    """Whether the net has the layers of :mod:`jaxgan.ops.magnitude`, with normalized weights."""
    return getattr(net, "magnitude_preserving", False)


def is_lipschitz(net: nn.Module) -> bool:
    """Whether spectral normalization bounds the Lipschitz constant of every layer."""
    return normalization.is_lipschitz(getattr(net, "norm", "none"))
