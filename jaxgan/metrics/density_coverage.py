"""Density and coverage (Naeem et al. 2020)."""

import numpy as np

from jaxgan.metrics.neighbours import centred, check_neighbours, count_inside, squared_radii
from jaxgan.metrics.reading import Features, read_pair


def density_coverage(real: Features, fake: Features, k: int = 5) -> tuple[float, float]:
    """How many reals' balls hold a fake, over k; and the share of reals whose ball holds a fake.

    A ball reaches to the k-th nearest of the other reals, without its surface. Density is at least
    0 and may be above 1, its expectation where both sets have one distribution; coverage is in
    [0, 1].

    Args:
      real: features (n, d).
      fake: features (m, d).
      k: from 1.

    Raises:
      InputError: k isn't below n, or a set isn't finite or has features of another size.

    Reference: Naeem et al. 2020, Reliable Fidelity and Diversity Metrics, section 3.2.
    """
    check_neighbours(k, real=len(real))
    real, fake = centred(*read_pair(real, fake))
    holds, held = count_inside(real, squared_radii(real, k), fake, strict=True)
    return float(np.asarray(held).mean() / k), float(np.mean(np.asarray(holds) > 0))
