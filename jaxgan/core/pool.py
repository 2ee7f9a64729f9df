"""Pools of generated images (Shrivastava et al. 2017, section 2.3; Zhu et al. 2017, section 4).

A discriminator that also sees older fakes does not just follow the generator's latest step.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from jaxgan.core.sharding import gathered, own_shard
from jaxgan.core.state import TrainState
from jaxgan.core.update import Update
from jaxgan.typing import Batch, Image, Metrics, PRNGKey

Stored = Float[Array, "capacity height width channels"]


def create_pool(names: tuple[str, ...], capacity: int, shape: tuple[int, ...]) -> Any:
    """The memory entry ``pool`` for :func:`on_pooled`: empty pools of ``capacity`` images."""
    images = {name: jnp.zeros((capacity, *shape)) for name in names}
    return {**images, "count": jnp.zeros((), jnp.int32)}


def query(
    stored: Stored,
    count: Int[Array, ""],
    images: Image,
    coins: Bool[Array, "batch"],
    slots: Int[Array, "batch"],
) -> tuple[Stored, Image]:
    """Exchanges images with a pool, one after the other.

    While the pool has room, an image is stored and returned. Later, an image whose coin is true
    replaces the one at its slot, which is returned; an image whose coin is false is returned
    itself.

    Args:
      stored: the pool.
      count: number of images in the pool.
      images: new images.
      coins: one per image; fair in the paper.
      slots: indices below the capacity, one per image.

    Returns:
      The new pool, and one image for each of ``images``.
    """
    capacity = stored.shape[0]

    def exchange(carry: tuple[Array, Array], item: Any) -> tuple[tuple[Array, Array], Array]:
        stored, count = carry
        image, coin, slot = item
        room = count < capacity
        place = jnp.where(room, count, slot)
        old = jax.lax.dynamic_index_in_dim(stored, place, keepdims=False)
        swap = ~room & coin
        kept = jnp.where(room | coin, image, old)
        stored = jax.lax.dynamic_update_index_in_dim(stored, kept, place, 0)
        return (stored, count + room), jnp.where(swap, old, image)

    (stored, _), out = jax.lax.scan(exchange, (stored, count), (images, coins, slots))
    return stored, out


def on_pooled(update: Update) -> Update:
    """``update`` on rows that are first exchanged with the pools in the memory entry ``pool``.

    Each row with a pool of its name is exchanged one image at a time. Without the memory entry
    ``pool`` the update sees the rows unchanged.
    """

    def pooled(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        if "pool" not in state.memory:
            return update(state, batch, key)
        pool_key, key = jax.random.split(key)
        pool, rows = _exchange(state.memory["pool"], state.rows, pool_key)
        memory = {**state.memory, "pool": pool}
        return update(state.replace(memory=memory, rows={**state.rows, **rows}), batch, key)

    return pooled


def _exchange(pool: Any, rows: dict[str, Image], key: PRNGKey) -> tuple[Any, dict[str, Image]]:
    """Every device exchanges the whole batch in the same way, and continues with its own shard."""
    new, out = dict(pool), {}
    for i, name in enumerate(sorted(pool.keys() - {"count"})):
        images = gathered(rows[name])
        n, capacity = images.shape[0], pool[name].shape[0]
        coin_key, slot_key = jax.random.split(jax.random.fold_in(key, i))
        coins = jax.random.bernoulli(coin_key, 0.5, (n,))
        slots = jax.random.randint(slot_key, (n,), 0, capacity)
        new[name], taken = query(pool[name], pool["count"], images, coins, slots)
        new["count"] = jnp.minimum(pool["count"] + n, capacity)
        out[name] = own_shard(taken)
    return new, out
