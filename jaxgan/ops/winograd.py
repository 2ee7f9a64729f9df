"""A 3x3 convolution of stride 1 by Winograd's minimal filtering F(4, 3) along the rows.

Four rows of the result take six products with a row of the kernel, instead of twelve: for each tile
x of six rows and the three rows w of the kernel, y = A^T ((G w) * (B^T x)) (Winograd 1980; the
matrices are those of Lavin and Gray 2016). Each of the six products is a 1x3 convolution along the
columns. The rounding error is about twice that of the plain form.
"""

import functools
import operator
from collections.abc import Iterable, Sequence

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

from jaxgan.ops.geometry import Activation, Geometry, Kernel

ROWS = 4
"""Rows of the result in a tile."""

B = (
    (4.0, 0.0, -5.0, 0.0, 1.0, 0.0),
    (0.0, -4.0, -4.0, 1.0, 1.0, 0.0),
    (0.0, 4.0, -4.0, -1.0, 1.0, 0.0),
    (0.0, -2.0, -1.0, 2.0, 1.0, 0.0),
    (0.0, 2.0, -1.0, -2.0, 1.0, 0.0),
    (0.0, 4.0, 0.0, -5.0, 0.0, 1.0),
)
"""B^T, from the rows of x."""
G = (
    (1 / 4, 0.0, 0.0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0.0, 0.0, 1.0),
)
"""G, from the rows of the kernel."""
A = (
    (1.0, 1.0, 1.0, 1.0, 1.0, 0.0),
    (0.0, 1.0, -1.0, 2.0, -2.0, 0.0),
    (0.0, 1.0, 1.0, 4.0, 4.0, 0.0),
    (0.0, 1.0, -1.0, 8.0, -8.0, 1.0),
)
"""A^T, to the rows of the result."""


def forward(geometry: Geometry, x: Activation, w: Kernel) -> Activation:
    """F(x, w)."""
    (top, bottom), columns = geometry.padding
    rows = x.shape[1] + top + bottom - 2
    tiles = -(-rows // ROWS)
    below = ROWS * tiles + 2 - top - x.shape[1]
    x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), (top, below, 0), (0, 0, 0), (0, 0, 0)])
    last = ROWS * (tiles - 1) + 1
    within = [lax.slice_in_dim(x, i, i + last, ROWS, 1) for i in range(ROWS + 2)]
    kernels = jnp.einsum("ai,ijco->ajco", jnp.array(G, w.dtype), w)
    products = [
        lax.conv_general_dilated(
            _combined(b, within),
            kernel[None],
            (1, 1),
            ((0, 0), columns),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        for b, kernel in zip(B, kernels, strict=True)
    ]
    y = jnp.stack([_combined(a, products) for a in A], 2)
    # Without the barrier every reader of the result computes it from the products again.
    return lax.optimization_barrier(y.reshape(y.shape[0], ROWS * tiles, *y.shape[3:])[:, :rows])


def backward_input(geometry: Geometry, g: Activation, w: Kernel) -> Activation:
    """T(g, w): the turned kernel over g."""
    padding = tuple((2 - low, 2 - high) for low, high in geometry.padding)
    over = geometry._replace(size=g.shape[1:3], padding=padding)
    return forward(over, g, jnp.flip(w, (0, 1)).swapaxes(2, 3))


def _combined(row: Iterable[float], arrays: Sequence[Array]) -> Array:
    """The sum of the arrays, each times its number."""
    pairs = zip(row, arrays, strict=True)
    return functools.reduce(operator.add, [number * array for number, array in pairs if number])
