"""The losses of neural style transfer (Gatys et al. 2016; Johnson et al. 2016)."""

from collections.abc import Mapping

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxgan.losses.perceptual import Maps
from jaxgan.typing import Image, Scalar

Grams = Mapping[str, Float[Array, "_ ..."]]
"""Gram matrices (n, c, c) by layer name."""


def gram(x: Float[Array, "batch height width channels"]) -> Float[Array, "batch channels channels"]:
    """``G_ij = sum_p x_pi x_pj / (h w)``: how strongly two channels are active together.

    The mean over positions p makes maps of different sizes comparable.
    """
    n, h, w, c = x.shape
    rows = x.reshape(n, h * w, c)
    return jnp.einsum("npi,npj->nij", rows, rows, precision=lax.Precision.HIGHEST) / (h * w)


def grams(maps: Maps) -> dict[str, Float[Array, "_ ..."]]:
    """The Gram matrices of all layers."""
    return {name: gram(x) for name, x in maps.items()}


def style(x: Grams, y: Grams) -> Scalar:
    """``(1 / L) sum_l E[(G_l(x) - G_l(y))^2]``, with means over the entries of L layers' matrices.

    This is 4 times Gatys' equation 5 with all w_l equal. ``y`` may have one row for all of ``x``.
    """
    terms = [jnp.square(x[name] - jnp.broadcast_to(y[name], x[name].shape)).mean() for name in y]
    return jnp.stack(terms).mean()


def total_variation(x: Image) -> Scalar:
    """``E[(x_i+1,j - x_ij)^2] + E[(x_i,j+1 - x_ij)^2]``: the roughness of images.

    Reference: Mahendran and Vedaldi 2015, equation 4 with beta = 2.
    """
    down = jnp.square(x[:, 1:] - x[:, :-1]).mean()
    return down + jnp.square(x[:, :, 1:] - x[:, :, :-1]).mean()
