"""A table that does not depend on how it was filled."""

import jax.numpy as jnp
import numpy as np
import pytest
from metric_helpers import on_one, over_devices

from jaxgan.metrics import Rows

X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)


def batches(size, seed=1):
    """All rows in a random order; a last batch that is not full has an index outside, and NaN."""
    order = np.random.default_rng(seed).permutation(20)
    out = []
    for start in range(0, 20, size):
        index = np.full(size, -1, np.int32)
        index[::2] = 20
        rows = np.full((size, 3), np.nan, np.float32)
        here = order[start : start + size]
        index[: len(here)], rows[: len(here)] = here, X[here]
        out.append((rows, index))
    return out


@pytest.mark.parametrize("size", [1, 7, 20, 24])
def test_any_batches_in_any_order_give_the_rows_in_order(size):
    np.testing.assert_array_equal(on_one(Rows.create(20, 3), *batches(size)).compute(), X)


def test_over_four_devices():
    sharded = over_devices(Rows.create(20, 3), *batches(12))
    np.testing.assert_array_equal(sharded.compute(), X)


def test_four_parts_are_the_whole():
    parts = [on_one(Rows.create(20, 3), batch) for batch in batches(5)]
    total = Rows.create(20, 3)
    for part in parts:
        total = part.merge(total)
    np.testing.assert_array_equal(total.compute(), X)
    two = parts[2].merge(parts[0])
    assert two.compute().shape == (10, 3)
    index = np.sort(np.concatenate([batches(5)[i][1] for i in (0, 2)]))
    np.testing.assert_array_equal(two.compute(), X[index])


def test_numbers_and_bytes():
    numbers = Rows.create(4).update(jnp.asarray([3.0, 1.0]), jnp.asarray([3, 1]))
    np.testing.assert_array_equal(numbers.compute(), [1.0, 3.0])
    images = Rows.create(2, 2, 2, 1, dtype=jnp.uint8)
    images = images.update(jnp.full((1, 2, 2, 1), 200, jnp.uint8), jnp.asarray([1]))
    assert images.compute().dtype == np.uint8
    assert images.compute().shape == (1, 2, 2, 1)
