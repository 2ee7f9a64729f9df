"""The Frechet distance against closed forms, SciPy's square root and fifty digits."""

import mpmath
import numpy as np
import pytest
import scipy.linalg

from jaxgan.errors import InputError
from jaxgan.metrics import frechet_distance

SIZE = 60


def rotation(size=SIZE, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


def covariance(n, size=SIZE, seed=0):
    x = np.random.default_rng(seed).exponential(size=(n, size)) @ rotation(size, seed + 1)
    return x.mean(0), np.cov(x.T)


def test_commuting_covariances():
    rng = np.random.default_rng(1)
    a, b = rng.exponential(size=(2, SIZE)) * 10.0 ** rng.integers(-6, 2, (2, SIZE))
    mu, R = rng.normal(size=(2, SIZE)), rotation()
    found = frechet_distance(mu[0], (R * a) @ R.T, mu[1], (R * b) @ R.T)
    want = np.square(mu[0] - mu[1]).sum() + np.square(np.sqrt(a) - np.sqrt(b)).sum()
    np.testing.assert_allclose(found, want, rtol=1e-10)


def test_scipys_square_root_where_the_rank_is_full():
    (mu1, c1), (mu2, c2) = covariance(300, seed=2), covariance(200, seed=3)
    root = scipy.linalg.sqrtm(c1 @ c2).real
    want = np.square(mu1 - mu2).sum() + np.trace(c1 + c2 - 2 * root)
    np.testing.assert_allclose(frechet_distance(mu1, c1, mu2, c2), want, rtol=1e-10)
    np.testing.assert_allclose(frechet_distance(mu2, c2, mu1, c1), want, rtol=1e-10)


def test_projections_at_known_angles():
    R, rank = rotation(), 20
    theta = np.concatenate([np.linspace(0, 1.5, rank - 5), np.full(5, np.pi / 2)])
    first = R[:, :rank]
    second = first * np.cos(theta) + R[:, rank : 2 * rank] * np.sin(theta)
    mu = np.zeros(SIZE)
    found = frechet_distance(mu, first @ first.T, mu, second @ second.T)
    np.testing.assert_allclose(found, 2 * rank - 2 * np.cos(theta).sum(), rtol=1e-12)


@pytest.mark.parametrize("ranks", [(4, 4), (4, 9), (3, 12)])
def test_fewer_images_than_features_to_fifty_digits(ranks):
    size = 12
    rng = np.random.default_rng(4)
    a, b = (rng.normal(size=(size, rank)) for rank in ranks)
    mu = np.zeros(size)
    with mpmath.workdps(50):
        A, B = mpmath.matrix(a), mpmath.matrix(b)
        cross = A.T * B
        squares = mpmath.eigsy(cross * cross.T, eigvals_only=True)
        overlap = sum(mpmath.sqrt(max(value, 0)) for value in squares)
        total = sum(x**2 for x in [*A, *B])
        want = float(total - 2 * overlap)
    np.testing.assert_allclose(frechet_distance(mu, a @ a.T, mu, b @ b.T), want, rtol=1e-12)


@pytest.mark.parametrize("n", [10, 61, 1000])
def test_a_set_and_itself_are_at_distance_0(n):
    mu, cov = covariance(n)
    found = frechet_distance(mu, cov, mu, cov)
    assert 0 <= found < 1e-11 * np.trace(cov)
    assert frechet_distance(mu, 0 * cov, mu, 0 * cov) == 0
    np.testing.assert_allclose(frechet_distance(mu, 0 * cov, mu, cov), np.trace(cov))


def test_bad_input():
    mu, cov = covariance(100)
    for i, name in enumerate(("mu1", "cov1", "mu2", "cov2")):
        for bad in (np.nan, np.inf):
            arguments = [mu, cov, mu, cov]
            arguments[i] = arguments[i] * bad
            with pytest.raises(InputError, match=rf"^{name}: holds NaN or infinity"):
                frechet_distance(*arguments)
    with pytest.raises(InputError, match=r"^cov1: \(60, 59\) beside mu1 of \(60,\)"):
        frechet_distance(mu, cov[:, :-1], mu, cov)
    with pytest.raises(InputError, match=r"^mu2: \(59,\) beside mu1 of \(60,\)"):
        frechet_distance(mu, cov, mu[1:], cov)
    with pytest.raises(InputError, match=r"^cov2: is not symmetric; give a covariance"):
        frechet_distance(mu, cov, mu, np.triu(cov))
