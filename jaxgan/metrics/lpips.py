"""LPIPS: the distance between two images in a network's feature maps, weighted to fit people."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Maps = Mapping[str, Float[Array, "batch ..."]]
"""Feature maps (n, h, w, c) by layer name."""


def lpips(x: Maps, y: Maps, linear: Mapping[str, Float[Array, "_"]]) -> Float[Array, "batch"]:
    """``sum_l E_hw[ sum_c w_lc (x_lc / |x_l| - y_lc / |y_l|)^2 ]`` for each pair of images.

    |x_l| is the length of a pixel's channel vector.

    Args:
      x: feature maps of one batch of images, such as :func:`jaxgan.weights.open_lpips` gives.
      y: feature maps of another batch of the same size.
      linear: channel weights w_l of each layer that counts.

    Reference: Zhang et al. 2018, The Unreasonable Effectiveness of Deep Features as a Perceptual
    Metric, equation 1. Here w is outside the square, as in the authors' code.
    """
    terms = []
    for name, w in linear.items():
        squares = jnp.square(_unit(x[name]) - _unit(y[name]))
        terms.append((squares * w.reshape(1, 1, 1, -1)).sum(3).mean((1, 2)))
    return jnp.stack(terms).sum(0)


def _unit(x: Float[Array, "n h w c"]) -> Float[Array, "n h w c"]:
    return x * jax.lax.rsqrt(jnp.square(x).sum(-1, keepdims=True) + 1e-20)
