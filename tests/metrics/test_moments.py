"""Mean and covariance against NumPy's in float64."""

import jax
import numpy as np
import pytest
from metric_helpers import mixed, on_one, over_devices

from jaxgan.errors import InputError
from jaxgan.metrics import Moments, frechet_distance

N, SIZE, BATCH = 20_000, 64, 500


def features(kind):
    rng = np.random.default_rng(0)
    if kind == "far":
        skewed = rng.exponential(size=(N, SIZE)) * rng.choice([-1, 1], SIZE)
        return (1e3 + skewed).astype(np.float32)
    return mixed(N, SIZE, 0)


def want(x):
    return x.mean(0, dtype=np.float64), np.cov(x.astype(np.float64).T)


def assert_close(moments, x, rtol=2e-6):
    mean, cov = moments.compute()
    want_mean, want_cov = want(x)
    assert mean.dtype == cov.dtype == np.float64
    assert int(moments.count) == len(x)
    std = np.sqrt(np.diag(want_cov))
    np.testing.assert_allclose((mean - want_mean) / std, 0, atol=1e-7)
    np.testing.assert_allclose((cov - want_cov) / np.outer(std, std), 0, atol=rtol)


@pytest.fixture(scope="module")
def update():
    return jax.jit(Moments.update)


@pytest.fixture(scope="module", params=["far", "relu"])
def whole(request, update):
    """Features, and the moments of each quarter."""
    x = features(request.param)
    parts = []
    for quarter in np.split(x, 4):
        parts.append(Moments.create(SIZE))
        for batch in np.split(quarter, len(quarter) // BATCH):
            parts[-1] = update(parts[-1], batch)
    return x, parts


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_merged_in_any_order_they_are_numpys(whole, order):
    x, parts = whole
    total = Moments.create(SIZE)
    for i in order:
        total = total.merge(parts[i])
    assert_close(total, x)
    pairs = [parts[order[0]].merge(parts[order[1]]), parts[order[2]].merge(parts[order[3]])]
    assert_close(pairs[1].merge(pairs[0]), x)


def test_the_frechet_distance_is_that_of_float64(update):
    sets = mixed(4000, SIZE, 1), mixed(4000, SIZE, 2) + np.float32(0.001)
    ours = []
    for x in sets:
        ours.append(Moments.create(SIZE))
        for batch in np.split(x, 8):
            ours[-1] = update(ours[-1], batch)
    found = frechet_distance(*ours[0].compute(), *ours[1].compute())
    expected = frechet_distance(*want(sets[0]), *want(sets[1]))
    assert 0.01 < expected < 0.3
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_rows_without_weight_are_left_out_whatever_they_hold(update):
    x = mixed(60, 8, 3)
    padded = np.concatenate([x[40:], np.full((20, 8), np.nan, np.float32)])
    weight = np.repeat([1.0, 0.0], 20).astype(np.float32)
    moments = update(Moments.create(8), x[:40])
    assert_close(update(moments, padded, weight), x)
    none = update(moments, padded, np.zeros(40, np.float32))
    jax.tree.map(np.testing.assert_array_equal, none, moments)
    merged = Moments.create(8).merge(moments)
    for a, b in zip(merged.compute(), moments.compute(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_over_four_devices():
    x = mixed(96, 16, 4)
    weight = (np.arange(96) % 7 > 0).astype(np.float32)
    batches = [(x[i : i + 32], weight[i : i + 32]) for i in (0, 32, 64)]
    sharded = over_devices(Moments.create(16), *batches)
    assert_close(sharded, x[weight > 0])
    one = on_one(Moments.create(16), *batches)
    for a, b in zip(sharded.compute(), one.compute(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_too_few_and_not_finite(update):
    with pytest.raises(InputError, match="features: a set of 1 is too small; give at least 2"):
        update(Moments.create(2), np.ones((1, 2), np.float32)).compute()
    for bad in (np.nan, np.inf):
        moments = update(Moments.create(2), np.array([[0.0, 1.0], [bad, 1.0]], np.float32))
        with pytest.raises(InputError, match="features: holds NaN or infinity"):
            moments.compute()
