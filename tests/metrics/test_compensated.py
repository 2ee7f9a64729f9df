"""Compensated sums against float64, and against what XLA's optimizations might make of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.metrics.compensated import Sum, difference


@pytest.mark.parametrize("level", [0, 3])
def test_a_long_sum_is_as_good_as_in_float64_at_every_level_of_optimization(level):
    rng = np.random.default_rng(0)
    x = (1e4 * rng.exponential(size=(5000, 3)) * [1.0, 1e-3, -1.0]).astype(np.float32)

    def both(x):
        def add(carry, row):
            total, plain = carry
            return (total.add(row), plain + row), None

        return jax.lax.scan(add, (Sum.zeros(3), jnp.zeros(3)), x)[0]

    options = {"xla_backend_optimization_level": level}
    total, plain = jax.jit(both, compiler_options=options)(x)
    want = x.astype(np.float64).sum(0)
    np.testing.assert_allclose(total.compute(), want, rtol=1e-12)
    assert (abs(plain / want - 1) > 1e-7).all()  # without compensation


def test_what_one_float_cannot_hold():
    large, small = jnp.float32(1e8), jnp.float32(1.0)
    total = Sum.zeros().add(large).add(small).add(small)
    assert total.compute() == 1e8 + 2
    assert difference(total, Sum.zeros().add(large)).compute() == 2


def test_merged_sums_are_the_whole():
    rng = np.random.default_rng(1)
    x = (rng.normal(size=(40, 2)) * 10.0 ** rng.integers(-4, 4, (40, 2))).astype(np.float32)
    parts = [Sum.zeros(2), Sum.zeros(2)]
    for i, row in enumerate(x):
        parts[i % 2] = parts[i % 2].add(jnp.asarray(row))
    want = x.astype(np.float64).sum(0)
    np.testing.assert_allclose(parts[0].merge(parts[1]).compute(), want, rtol=1e-12)


def test_infinity_stays_and_nan_shows():
    for bad in (np.inf, np.nan):
        total = Sum.zeros().add(jnp.float32(bad)).add(jnp.float32(1.0))
        np.testing.assert_equal(total.compute(), np.array(bad))
