"""Perceptual path length (Karras et al. 2019)."""

from collections.abc import Callable
from typing import Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxgan.errors import InputError
from jaxgan.metrics.reading import check_count
from jaxgan.typing import Image, PRNGKey

Space: TypeAlias = Literal["z", "w"]
"""Space of latent codes: ``z`` on a sphere, ``w`` flat."""

Codes = Float[Array, "_batch *_rest size"]
Places = Float[Array, "_batch"]


def perceptual_path_length(
    generate: Callable[[Array], Image],
    distance: Callable[[Image, Image], Array],
    sample: Callable[[PRNGKey, int], Array],
    key: PRNGKey,
    n: int,
    space: Space = "z",
    batch_size: int = 50,
    epsilon: float = 1e-4,
) -> float:
    """The mean of d(G(x(t)), G(x(t + epsilon))) / epsilon^2 over paths x(t) between latent codes.

    t is uniform in [0, 1). Paths below the 1st and above the 99th percentile are left out. The
    result is at least 0.

    Args:
      generate: maps latent codes to images; it must be deterministic, and is best under
        ``jax.jit``.
      distance: maps two batches of images to distances (batch,) that grow as the square of a small
        difference (LPIPS).
      sample: ``sample(key, n)`` returns n latent codes, (n, size), or (n, ..., size) if a network
        takes several. If the generator normalizes its codes, they must have length 1.
      key: key of all randomness; the batch size does not affect it.
      n: number of paths; 50,000 or more in the papers.
      space: ``"z"`` uses :func:`slerp`. ``"w"`` uses :func:`lerp`; ``sample`` then returns the
        output of a mapping network.
      batch_size: number of paths per batch.
      epsilon: step along a path.

    Raises:
      InputError: the space is unknown, there are fewer than two paths, or distances have another
        shape or aren't finite.

    Reference: Karras et al. 2019, A Style-Based Generator Architecture, section 4.1, equations 2
    and 3; the percentiles are from its implementation.
    """
    if space not in ("z", "w"):
        raise InputError(f"space: {space!r} is no space; use z or w")
    check_count("n", n)
    between = jax.jit(slerp if space == "z" else lerp)
    keys = jax.random.split(key, 3)
    a, b = sample(keys[0], n), sample(keys[1], n)
    t = jax.random.uniform(keys[2], (n,))
    lengths = np.empty(n)
    for start in range(0, n, batch_size):
        rows = np.arange(start, start + batch_size) % n  # the last batch is filled up
        first, second = (generate(between(a[rows], b[rows], t[rows] + e)) for e in (0.0, epsilon))
        apart = np.asarray(distance(first, second), np.float64)
        _check_distances(apart, batch_size)
        lengths[start : start + batch_size] = apart[: n - start] / epsilon**2
    return float(_kept(lengths).mean())


def slerp(a: Codes, b: Codes, t: Places) -> Codes:
    """``(sin((1 - t) w) a + sin(t w) b) / sin w``, where w is the angle between a and b.

    If a and b have the same length, this is the great circle from a (t = 0) to b (t = 1). Codes in
    the same or in opposite directions are interpolated linearly.

    Reference: Shoemake 1985, Animating Rotation with Quaternion Curves, section 3.3.
    """
    t = _column(t, a)
    unit_a, unit_b = (x / jnp.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b))
    # Accurate for small angles too, unlike the arc cosine of the product.
    chords = (
        jnp.linalg.norm(x, axis=-1, keepdims=True) for x in (unit_a - unit_b, unit_a + unit_b)
    )
    angle = 2.0 * jnp.arctan2(*chords)
    sine = jnp.sin(angle)
    flat = sine < 1e-6
    divisor = jnp.where(flat, 1.0, sine)
    from_a = jnp.where(flat, 1.0 - t, jnp.sin((1.0 - t) * angle) / divisor)
    to_b = jnp.where(flat, t, jnp.sin(t * angle) / divisor)
    return from_a * a + to_b * b


def lerp(a: Codes, b: Codes, t: Places) -> Codes:
    """``a + t (b - a)``: the line from a (t = 0) to b (t = 1)."""
    return a + _column(t, a) * (b - a)


def _column(t: Places, like: Codes) -> Array:
    return t.reshape(-1, *(1,) * (like.ndim - 1))


def _kept(lengths: np.ndarray) -> np.ndarray:
    low = np.percentile(lengths, 1, method="lower")
    high = np.percentile(lengths, 99, method="higher")
    return lengths[(low <= lengths) & (lengths <= high)]


def _check_distances(distances: np.ndarray, batch: int) -> None:
    if distances.shape != (batch,):
        raise InputError(
            f"distance: gave {distances.shape} for {batch} pairs; return one number a pair"
        )
    if not np.isfinite(distances).all():
        raise InputError("distance: gave NaN or infinity; use a generator that is finite")
