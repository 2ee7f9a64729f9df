"""Distances of images by the feature maps of a network with weights of its own."""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.typing import Scalar

Maps = Mapping[str, Float[Array, "batch ..."]]
"""Feature maps (n, h, w, c) by the name of their layer."""


def perceptual(x: Maps, y: Maps, weights: Mapping[str, float]) -> Scalar:
    """``sum_l w_l E[(x_l - y_l)^2]``, the mean over all of layer l's values.

    Johnson et al. 2016 call it the feature reconstruction loss, and SRGAN (Ledig et al. 2017) the
    VGG loss.

    Args:
      x: maps of one batch of images.
      y: maps of another, as many.
      weights: the layers that count, and how much.
    """
    terms = [w * jnp.square(x[name] - y[name]).mean() for name, w in weights.items()]
    return jnp.stack(terms).sum()
