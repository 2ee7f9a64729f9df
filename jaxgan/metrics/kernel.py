"""The kernel distance: KID on Inception features (Binkowski et al. 2018)."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.lax import Precision
from jaxtyping import Array, Float, Int

from jaxgan.errors import InputError
from jaxgan.metrics.reading import Features, read_pair


def kernel_distance(
    real: Features,
    fake: Features,
    subsets: int = 100,
    subset_size: int = 1000,
    degree: int = 3,
    seed: int = 2020,
) -> tuple[float, float]:
    """The unbiased MMD^2 with the kernel ((x.y) / d + 1)^degree; mean and std over subsets.

    The std is the population's. The distance of a subset may be below 0, since its expectation is 0
    if both sets have the same distribution. The subsets are torch-fidelity's for the same seed,
    with fakes as its first input. Rounding in float32 costs about 1e-9 of the kernel.

    Args:
      real: features (n, d).
      fake: features (m, d).
      subsets: number of subsets.
      subset_size: number of images drawn from each set for a subset, without replacement; at least
        2.
      degree: degree of the polynomial.
      seed: seed of the subsets.

    Raises:
      InputError: a set is smaller than a subset or isn't finite, or the sets have features of
        different sizes.

    Reference: Binkowski et al. 2018, Demystifying MMD GANs, section 4 and equation 4.
    """
    real, fake = read_pair(real, fake)
    _check(subsets, subset_size, degree, len(real), len(fake))
    rng = np.random.RandomState(seed)
    chosen = [
        [rng.choice(len(x), subset_size, replace=False) for x in (fake, real)]
        for _ in range(subsets)
    ]
    sums = _sums(fake, real, jnp.asarray(np.array(chosen, np.int32)), degree)
    distances = _distance(*(np.asarray(x, np.float64) for x in sums))
    return float(distances.mean()), float(distances.std())


@partial(jax.jit, static_argnames="degree")
def _sums(
    x: Float[Array, "m d"], y: Float[Array, "n d"], chosen: Int[Array, "s 2 b"], degree: int
) -> tuple[Float[Array, "s b"], Float[Array, "s b"], Float[Array, "s b"]]:
    """Row sums over i != j in each subset: k(x, x) + k(y, y) - k(x, y) - k(y, x), and k(x, y).

    The third result is k(x, y) at i = j. The summed differences are small, so their sums lose
    little to rounding.
    """

    def of_subset(rows: Int[Array, "2 b"]) -> tuple[Array, Array, Array]:
        a, b = x[rows[0]], y[rows[1]]
        across = _kernel(a, b, degree)
        both = (_kernel(a, a, degree) - across) + (_kernel(b, b, degree) - across.T)
        diagonal = jnp.eye(len(a), dtype=bool)
        apart = [jnp.where(diagonal, 0.0, k).sum(1) for k in (both, across)]
        return apart[0], apart[1], across.diagonal()

    return jax.lax.map(of_subset, chosen)


def _kernel(a: Float[Array, "b d"], b: Float[Array, "b d"], degree: int) -> Float[Array, "b b"]:
    """(x.y / d + 1)^degree - 1: the 1 cancels in the distance and would cost digits."""
    product = jnp.matmul(a, b.T, precision=Precision.HIGHEST) / a.shape[1]
    power = product
    for _ in range(degree - 1):
        power = power * (product + 1.0) + product
    return power


def _distance(apart: np.ndarray, across: np.ndarray, together: np.ndarray) -> np.ndarray:
    """The estimate for n = m = b from the sums over i != j; its term in k(x, y) includes i = j."""
    b = together.shape[1]
    pairs = b * (b - 1)
    mean_across = across.sum(1) / pairs
    return apart.sum(1) / pairs + 2.0 / b * (mean_across - together.mean(1))


def _check(subsets: int, subset_size: int, degree: int, real: int, fake: int) -> None:
    for name, value, least in (
        ("subsets", subsets, 1),
        ("subset_size", subset_size, 2),
        ("degree", degree, 1),
    ):
        if value < least:
            raise InputError(f"{name}: {value} is too small; use at least {least}")
    for name, n in (("real", real), ("fake", fake)):
        if subset_size > n:
            raise InputError(
                f"subset_size: {subset_size} is more than the {n} {name} images;"
                f" use more images, or subsets of at most {n}"
            )
