"""Improved precision and recall (Kynkaanniemi et al. 2019)."""

import numpy as np

from jaxgan.metrics.neighbours import centred, check_neighbours, count_inside, squared_radii
from jaxgan.metrics.reading import Features, read_pair


def precision_recall(real: Features, fake: Features, k: int = 3) -> tuple[float, float]:
    """The fraction of fakes inside a real ball, and of reals inside a fake ball; both in [0, 1].

    The ball of an image reaches to its k-th nearest other image in the same set, and includes the
    surface.

    Args:
      real: features (n, d).
      fake: features (m, d).
      k: number of neighbours, from 1.

    Raises:
      InputError: k isn't below n and m, a set isn't finite, or the sets have features of different
        sizes.

    Reference: Kynkaanniemi et al. 2019, Improved Precision and Recall Metric, equations 1 and 2.
    """
    check_neighbours(k, real=len(real), fake=len(fake))
    real, fake = centred(*read_pair(real, fake))
    _, of_fakes = count_inside(real, squared_radii(real, k), fake, strict=False)
    _, of_reals = count_inside(fake, squared_radii(fake, k), real, strict=False)
    shares = [np.mean(np.asarray(count) > 0) for count in (of_fakes, of_reals)]
    return float(shares[0]), float(shares[1])
