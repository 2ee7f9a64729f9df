"""Means against NumPy's in float64."""

import jax.numpy as jnp
import numpy as np
import pytest
from metric_helpers import on_one, over_devices

from jaxgan.errors import InputError
from jaxgan.metrics import Mean


def test_the_mean_of_many_numbers_in_parts():
    x = (100 + np.random.default_rng(0).exponential(size=20_000)).astype(np.float32)
    parts = [on_one(Mean.create(), *([b] for b in np.split(part, 10))) for part in np.split(x, 4)]
    total = Mean.create()
    for part in parts:
        total = part.merge(total)
    assert int(total.count) == 20_000
    np.testing.assert_allclose(total.compute(), x.mean(dtype=np.float64), rtol=1e-7)


def test_over_four_devices_without_the_padding():
    x = np.random.default_rng(1).normal(size=24).astype(np.float32)
    weight = np.arange(24) < 21
    batches = [(np.where(weight, x, np.nan).astype(np.float32), weight)]
    want = x[:21].mean(dtype=np.float64)
    np.testing.assert_allclose(over_devices(Mean.create(), *batches).compute(), want, rtol=1e-6)
    np.testing.assert_allclose(on_one(Mean.create(), *batches).compute(), want, rtol=1e-6)


def test_infinity_is_a_mean_and_nan_is_none():
    mean = Mean.create().update(jnp.asarray([1.0, jnp.inf])).update(jnp.asarray([1.0, 2.0]))
    assert mean.compute() == np.inf
    with pytest.raises(InputError, match="values: one of them is NaN"):
        mean.update(jnp.asarray([jnp.nan])).compute()
    with pytest.raises(InputError, match="values: a set of 0 is too small; give at least 1"):
        Mean.create().compute()
