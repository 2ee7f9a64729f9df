"""Properties of a network that its method did not create.

They are read from the net's fields ``norm`` and ``magnitude_preserving`` and from its class
attribute ``compares_batch``. A network without these has none of the properties.
"""

from flax import linen as nn

from jaxgan.ops import normalization


def mixes_batch(net: nn.Module) -> bool:
    """Whether the result for one example depends on the rest of its batch, as with BatchNorm."""
    return normalization.mixes_batch(getattr(net, "norm", "none"))


def compares_batch(net: nn.Module) -> bool:
    """Whether a layer compares the examples of a batch, as the minibatch standard deviation does.

    The sum of the scores still has a gradient for each image, so penalties are allowed.
    """
    return getattr(net, "compares_batch", False)


def keeps_magnitude(net: nn.Module) -> bool:
    """Whether the net uses the layers of :mod:`jaxgan.ops.magnitude`, with normalized weights."""
    return getattr(net, "magnitude_preserving", False)


def is_lipschitz(net: nn.Module) -> bool:
    """Whether spectral normalization bounds the Lipschitz constant of every layer."""
    return normalization.is_lipschitz(getattr(net, "norm", "none"))
