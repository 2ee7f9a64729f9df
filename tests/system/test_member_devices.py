"""Where the members of a population lie."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import PartitionSpec

from jaxgan.core import Player, TrainState
from jaxgan.errors import InputError
from jaxgan.system.devices import Devices, Parallel
from jaxgan.system.members import Members


def test_members_and_their_batches_are_split_and_the_step_is_whole():
    devices = Members(Devices(4, Parallel(deterministic=True)), 8)
    assert devices.parallel.deterministic
    batch = devices.place({"x": np.zeros((8, 5, 3, 2))}, lead=2)
    assert {shard.data.shape for shard in batch["x"].addressable_shards} == {(2, 5, 3, 2)}
    player = Player.create({"params": {"w": jnp.zeros((8, 3))}}, optax.adam(0.1))
    like = TrainState.create({"a": player}, frozen={"v": jnp.zeros(8)})
    found = devices.of_state(like)
    assert found.players["a"].variables["params"]["w"].spec == PartitionSpec("member")
    assert found.step.spec == found.frozen["v"].spec == PartitionSpec()


def test_batches_of_one_order_are_whole_on_each_device():
    devices = Members(Devices(4), 8, one_order=True)
    batch = devices.place(np.zeros((6, 2)), lead=0)
    assert {shard.data.shape for shard in batch.addressable_shards} == {(6, 2)}


@pytest.mark.parametrize("size,advice", [(6, "use 4 or 8"), (2, "use 4$"), (9, "use 8 or 12")])
def test_members_that_do_not_divide_are_refused(size, advice):
    with pytest.raises(InputError, match=rf"population: {size} members .* 4 devices; {advice}"):
        Members(Devices(4), size).check(7)
    Members(Devices(4), 12).check(7)  # any batch


def test_what_every_device_computes_whole_is_read_by_one():
    devices = Members(Devices(4), 4)
    placed = jax.device_put(jnp.arange(4.0), devices.split(0))
    assert devices.whole(jnp.square)(placed).sharding.is_fully_replicated
