"""Distances between images in the feature maps of a network with its own weights."""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.typing import Scalar

Maps = Mapping[str, Float[Array, "batch ..."]]
"""Feature maps (n, h, w, c) by layer name."""


def perceptual(x: Maps, y: Maps, weights: Mapping[str, float]) -> Scalar:
    """``sum_l w_l E[(x_l - y_l)^2]``, with the mean over all values of layer l.

    Johnson et al. 2016 call it the feature reconstruction loss, and SRGAN (Ledig et al. 2017) the
    VGG loss.

    Args:
      x: feature maps of one batch of images.
      y: feature maps of another batch of the same size.
      weights: weight of each layer that counts.
    """
    terms = [w * jnp.square(x[name] - y[name]).mean() for name, w in weights.items()]
    return jnp.stack(terms).sum()
