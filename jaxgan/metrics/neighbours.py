"""Balls around features that reach to the k-th neighbour, computed in blocks.

Memory holds the features and a few blocks of distances. Distances are ``|a|^2 + |b|^2 - 2 a.b`` in
float32, so features should be centred (:func:`centred`). Distances below about a thousandth of the
features' norm are only known to be small. All blocks have the same shape, so that equal features
have equal distances at any position.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.lax import Precision
from jaxtyping import Array, Bool, Float, Int

from jaxgan.errors import InputError

_BLOCK = 1024
"""Number of rows and of columns of a block of distances."""

Table = Float[Array, "_n d"]


def check_neighbours(k: int, *, real: int, fake: int | None = None) -> None:
    """Checks that an image has ``k`` neighbours in its own set.

    Raises:
      InputError: k is below 1, or an image has fewer than k neighbours.
    """
    for name, count in (("real", real), ("fake", fake)):
        if count is not None and not 1 <= k < count:
            raise InputError(
                f"k: {k} is not between 1 and {count - 1}, the neighbours that each of {count}"
                f" {name} images has; use another k or more images"
            )


def centred(real: Table, fake: Table) -> tuple[Table, Table]:
    """Both sets minus the mean of the reals, which leaves distances unchanged."""
    mean = real.mean(0, keepdims=True)
    return real - mean, fake - mean


@partial(jax.jit, static_argnames="k")
def squared_radii(features: Float[Array, "n d"], k: int) -> Float[Array, "n"]:
    """The squared distance of each row to its k-th nearest other row.

    Args:
      features: centred features; n must be above k.
      k: number of neighbours, from 1; a row's duplicates are neighbours at distance 0.
    """
    blocks, norms = _blocked(features)
    starts = jnp.arange(len(blocks)) * blocks.shape[1]
    own = jnp.eye(blocks.shape[1], dtype=bool)

    def of_rows(rows: tuple[Array, Array, Array]) -> Array:
        def merge(nearest: Array, columns: tuple[Array, Array, Array]) -> tuple[Array, None]:
            squared = _distances(*rows[:2], *columns[:2])
            squared = jnp.where(own & (rows[2] == columns[2]), jnp.inf, squared)
            both = jnp.concatenate([nearest, -jax.lax.top_k(-squared, k_block)[0]], 1)
            return -jax.lax.top_k(-both, k)[0], None

        k_block = min(k, blocks.shape[1])
        start = jnp.full((blocks.shape[1], k), jnp.inf)
        return jax.lax.scan(merge, start, (blocks, norms, starts))[0][:, -1]

    return jax.lax.map(of_rows, (blocks, norms, starts)).reshape(-1)[: len(features)]


@partial(jax.jit, static_argnames="strict")
def count_inside(
    centres: Float[Array, "n d"],
    radii: Float[Array, "n"],
    points: Float[Array, "m d"],
    strict: bool,
) -> tuple[Int[Array, "n"], Int[Array, "m"]]:
    """The number of points in each ball, and the number of balls around each point.

    Args:
      centres: centres of the balls, as given to :func:`squared_radii`.
      radii: squared radii.
      points: features, centred with the same mean.
      strict: whether a point exactly at the radius is outside.
    """
    (rows, row_norms), (columns, column_norms) = _blocked(centres), _blocked(points)
    padded = jnp.pad(radii, (0, rows.shape[0] * rows.shape[1] - len(radii)), constant_values=-1.0)

    def of_rows(held: Array, ball: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        def of_columns(column: tuple[Array, Array]) -> tuple[Array, Array]:
            inside = _inside(_distances(*ball[:2], *column), ball[2][:, None], strict)
            return inside.sum(1), inside.sum(0)

        holds, more = jax.lax.map(of_columns, (columns, column_norms))
        return held + more, holds.sum(0)

    start = jnp.zeros(columns.shape[:2], jnp.int32)
    balls = (rows, row_norms, padded.reshape(rows.shape[:2]))
    held, holds = jax.lax.scan(of_rows, start, balls)
    return holds.reshape(-1)[: len(centres)], held.reshape(-1)[: len(points)]


def _inside(
    squared: Float[Array, "b c"], radii: Float[Array, "b 1"], strict: bool
) -> Bool[Array, "b c"]:
    return squared < radii if strict else squared <= radii


def _blocked(x: Float[Array, "n d"]) -> tuple[Float[Array, "blocks b d"], Float[Array, "blocks b"]]:
    """Blocks of rows and their squared norms; padding rows of the last block are infinitely far."""
    count = -(-len(x) // _BLOCK)
    extra = count * _BLOCK - len(x)
    norms = jnp.pad(jnp.square(x).sum(1), (0, extra), constant_values=jnp.inf)
    blocks = jnp.pad(x, ((0, extra), (0, 0))).reshape(count, _BLOCK, x.shape[1])
    return blocks, norms.reshape(count, _BLOCK)


def _distances(
    a: Float[Array, "b d"], a_norms: Float[Array, "b"], b: Float[Array, "c d"], b_norms: Array
) -> Float[Array, "b c"]:
    product = jnp.matmul(a, b.T, precision=Precision.HIGHEST)
    return jnp.maximum(a_norms[:, None] + b_norms[None] - 2.0 * product, 0.0)
