"""Density and coverage (Naeem et al. 2020)."""

import numpy as np

from jaxgan.metrics.neighbours import centred, check_neighbours, count_inside, squared_radii
from jaxgan.metrics.reading import Features, read_pair


def density_coverage(real: Features, fake: Features, k: int = 5) -> tuple[float, float]:
    """Mean number of real balls around a fake / k, and the fraction of real balls with a fake.

    The ball of a real reaches to its k-th nearest other real, without the surface. The first number
    is the density, at least 0; its expectation is 1 if both sets have the same distribution, but it
    may be higher. The second number is the coverage, in [0, 1].

    Args:
      real: features (n, d).
      fake: features (m, d).
      k: number of neighbours, from 1.

    Raises:
      InputError: k isn't below n, a set isn't finite, or the sets have features of different sizes.

    Reference: Naeem et al. 2020, Reliable Fidelity and Diversity Metrics, section 3.2.
    """
    check_neighbours(k, real=len(real))
    real, fake = centred(*read_pair(real, fake))
    holds, held = count_inside(real, squared_radii(real, k), fake, strict=True)
    return float(np.asarray(held).mean() / k), float(np.mean(np.asarray(holds) > 0))
