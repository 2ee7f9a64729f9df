"""Coverage of a mixture: counts that are known, any units, and batch by batch."""

import jax.numpy as jnp
import numpy as np
import pytest
from metric_helpers import on_one

from jaxgan.errors import InputError
from jaxgan.metrics import Mixture, mixture_coverage

CENTRES = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


def points(n, modes=(0, 1, 2), seed=0):
    rng = np.random.default_rng(seed)
    labels = np.resize(modes, n).astype(np.int32)
    return CENTRES[labels] + 0.1 * rng.normal(size=(n, 2)), labels


REAL, LABELS = points(30_000)


def test_reals_are_good_as_often_as_a_gaussian_is_within_three_deviations():
    found = mixture_coverage(REAL, LABELS, points(30_000, seed=1)[0])
    assert found["modes"] == 3
    assert found["good"] == pytest.approx(1 - np.exp(-4.5), abs=0.002)
    assert found["overlap"] == pytest.approx(found["good"], abs=0.01)
    line = mixture_coverage(
        REAL[:, :1], (LABELS == 1).astype(np.int32), points(30_000, seed=1)[0][:, :1]
    )
    assert line["modes"] == 2
    assert line["good"] == pytest.approx(0.9973, abs=0.001)


def test_modes_and_shares_that_are_known():
    near = np.array([[0.0, 0.29], [0.0, -0.2], [0.29, 0.0], [0.22, 0.22], [0.0, 10.1]])
    one = mixture_coverage(REAL, LABELS, near[:4])
    assert one == {"overlap": pytest.approx(1 / 3), "modes": 1, "good": 0.75}
    two = mixture_coverage(REAL, LABELS, near)
    assert two == {"overlap": pytest.approx(1 / 3 + 1 / 5), "modes": 2, "good": 0.8}
    between = np.array([[5.0, 0.0], [np.nan, 0.0], [np.inf, 0.0]])
    assert mixture_coverage(REAL, LABELS, between) == {"overlap": 0, "modes": 0, "good": 0}
    assert mixture_coverage(REAL, LABELS, between, within=60.0)["good"] == pytest.approx(1 / 3)


def test_it_is_the_same_in_any_units_of_an_axis():
    fake = points(500, (0, 2), seed=2)[0] * 1.5
    units, shift = np.array([3.0, 0.01]), np.array([-7.0, 100.0])
    expected = mixture_coverage(REAL, LABELS, fake)
    assert 0 < expected["good"] < 1
    assert mixture_coverage(REAL * units + shift, LABELS, fake * units + shift) == expected


def batch(start, end):
    fake = points(2000, (0, 2), seed=3)[0] * 1.01
    parts = (REAL[:2000].astype(np.float32), LABELS[:2000], fake.astype(np.float32))
    return tuple(jnp.asarray(part[start:end]) for part in parts)


def test_batches_are_read_as_the_whole():
    whole = on_one(Mixture.create(2), batch(0, 2000)).compute()
    assert whole == mixture_coverage(*(np.asarray(x) for x in batch(0, 2000)))
    parts = on_one(Mixture.create(2), batch(0, 700), batch(700, 705), batch(705, 2000))
    assert parts.compute() == whole
    merged = on_one(Mixture.create(2), batch(0, 900)).merge(
        on_one(Mixture.create(2), batch(900, 2000))
    )
    assert int(merged.count) == 2000
    assert merged.compute() == whole


def test_points_above_the_capacity_are_passed_over():
    first = on_one(Mixture.create(2, 1000), batch(0, 600), batch(600, 1200))
    both = on_one(Mixture.create(2, 1000), batch(0, 600)).merge(
        on_one(Mixture.create(2, 1000), batch(600, 1200))
    )
    expected = on_one(Mixture.create(2), batch(0, 1000)).compute()
    assert first.compute() == both.compute() == expected


def test_too_few_points_are_an_error():
    with pytest.raises(InputError, match="real: 0 points"):
        Mixture.create(2).compute()
