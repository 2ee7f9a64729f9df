"""The mesh: what is split, what is whole, and what does not divide."""

import jax
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from jaxgan.core import Algorithm
from jaxgan.core.sharding import spread
from jaxgan.errors import InputError
from jaxgan.system.devices import BUFFERED, Devices, leading


def algorithm(batches_per_step=1):
    return Algorithm(None, None, {}, batches_per_step=batches_per_step)


def test_a_batch_is_split_over_its_examples():
    devices = Devices()
    assert devices.split(leading(algorithm())).spec == PartitionSpec("data")
    assert devices.split(leading(algorithm(5))).spec == PartitionSpec(None, "data")
    assert devices.split(leading(algorithm(5), 3)).spec == PartitionSpec(None, None, "data")
    batch = devices.place(np.zeros((8, 2)), 0)
    assert {shard.data.shape for shard in batch.addressable_shards} == {(2, 2)}


def test_a_batch_that_does_not_divide_names_two_that_do():
    with pytest.raises(InputError, match=r"data\.batch_size: 10 .* 4 devices; use 8 or 12"):
        Devices().check(10)
    Devices().check(12)


def test_put_keeps_order_and_loses_nothing():
    numbers = [np.full((4,), i) for i in range(7)]
    out = list(Devices().put(iter(numbers), 0))
    assert BUFFERED < 7
    assert [int(x[0]) for x in out] == list(range(7))


def test_spread_splits_what_a_step_makes_and_is_nothing_without_a_mesh():
    devices = Devices()
    made = devices.jit(lambda key: spread(jax.random.normal(key, (8, 3))))(jax.random.key(0))
    assert {shard.data.shape for shard in made.addressable_shards} == {(2, 3)}
    alone = jax.jit(lambda key: spread(jax.random.normal(key, (8, 3))))(jax.random.key(0))
    np.testing.assert_array_equal(made, alone)
