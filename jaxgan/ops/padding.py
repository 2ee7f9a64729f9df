"""Padding of images with zeros, by reflection or with the edge pixel."""

from typing import Literal, TypeAlias

import jax
import jax.numpy as jnp

from jaxgan.errors import InputError

Padding: TypeAlias = Literal["zero", "reflect", "replicate"]
"""Values around an image: zeros, its mirror image without the edge pixel, or its edge pixel."""

_MODES = {"zero": "constant", "reflect": "reflect", "replicate": "edge"}


def pad(x: jax.Array, amount: int, padding: Padding) -> jax.Array:
    """(n, h, w, c) to (n, h + 2 amount, w + 2 amount, c).

    Raises:
      InputError: the kind of padding is unknown, or a map to reflect is no larger than ``amount``.
    """
    if padding not in _MODES:
        raise InputError(f"padding: {padding!r} is no kind: use one of {', '.join(_MODES)}")
    if padding == "reflect" and min(x.shape[1:3]) <= amount:
        raise InputError(
            f"padding: a map of {x.shape[1]}x{x.shape[2]} is too small to reflect {amount} pixels:"
            " use larger images, or padding zero or replicate"
        )
    edges = ((0, 0), (amount, amount), (amount, amount), (0, 0))
    return jnp.pad(x, edges, mode=_MODES[padding])  # pyright: ignore[reportArgumentType]
