"""The Frechet distance between two Gaussians: FID on Inception features (Heusel et al. 2017)."""

import numpy as np
from jaxtyping import Float

from jaxgan.errors import InputError
from jaxgan.metrics.reading import check_finite

Vector = Float[np.ndarray, "_d"]
Matrix = Float[np.ndarray, "_d _d2"]

_ASYMMETRY = 1e-4
"""Largest asymmetry of a covariance, as a fraction of its largest number."""


def frechet_distance(mu1: Vector, cov1: Matrix, mu2: Vector, cov2: Matrix) -> float:
    """``|mu1 - mu2|^2 + Tr(C1 + C2) - 2 Tr (C1^.5 C2 C1^.5)^.5``, in float64; at least 0.

    The last trace is the sum of the singular values of A^T B, where C1 = A A^T and C2 = B B^T. The
    alternative, square roots of the eigenvalues of C1^.5 C2 C1^.5, is less accurate: with fewer
    images than features, eigenvalues that should be 0 come out as about 1e-16, and their roots as
    1e-8. Eigenvalues of C1 and C2 that rounding can explain (as in NumPy's ``matrix_rank``) count
    as 0.

    Args:
      mu1: mean (d,).
      cov1: covariance (d, d).
      mu2: mean (d,).
      cov2: covariance (d, d).

    Raises:
      InputError: an argument isn't finite, has another shape, or isn't symmetric.

    Reference: Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule, equation 6; Dowson
    and Landau 1982.
    """
    mu1, cov1, mu2, cov2 = (np.asarray(x, np.float64) for x in (mu1, cov1, mu2, cov2))
    _check(mu1, cov1, mu2, cov2)
    overlap = np.linalg.svd(_factor(cov1).T @ _factor(cov2), compute_uv=False).sum()
    gap = np.square(mu1 - mu2).sum()
    return max(float(gap + np.trace(cov1) + np.trace(cov2) - 2.0 * overlap), 0.0)


def _factor(cov: Matrix) -> Float[np.ndarray, "_d rank"]:
    """A with A A^T = C."""
    values, vectors = np.linalg.eigh(cov)
    kept = values > max(values[-1], 0.0) * len(cov) * np.finfo(np.float64).eps
    return vectors[:, kept] * np.sqrt(values[kept])


def _check(mu1: Vector, cov1: Matrix, mu2: Vector, cov2: Matrix) -> None:
    for name, x in (("mu1", mu1), ("cov1", cov1), ("mu2", mu2), ("cov2", cov2)):
        shape = mu1.shape if name.startswith("mu") else (*mu1.shape, *mu1.shape)
        if mu1.ndim != 1 or x.shape != shape:
            raise InputError(
                f"{name}: {x.shape} beside mu1 of {mu1.shape}; give means (d,) and covariances"
                " (d, d) of the same features"
            )
        check_finite(name, x)
        if x.ndim == 2 and abs(x - x.T).max() > _ASYMMETRY * abs(x).max():
            raise InputError(f"{name}: is not symmetric; give a covariance")
