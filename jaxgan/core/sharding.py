"""The batch axis over devices: random values and means of the whole batch, in every program.

A step is traced in one of two ways: as a program for all devices, which the compiler splits over
the mesh, or as a program that sees one device's shard of the batch. Code written with these
functions computes the same in both: random values and means are those of the whole batch.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec
from jaxtyping import Array, Shaped

from jaxgan.typing import PRNGKey

AXIS = "data"
"""Mesh axis over which a batch is split."""


def mapped() -> bool:
    """Whether the program being traced sees only one device's shard of the batch."""
    try:
        jax.lax.axis_size(AXIS)
    except NameError:
        return False
    return True


def sharded(x: Shaped[Array, "*shape"], axis: int = 0) -> Shaped[Array, "*shape"]:
    """``x`` with its batch axis sharded over the current mesh; ``x`` itself if there is no mesh.

    Arrays made inside a step (latent codes) need this. Without it the compiler may compute the
    generator's whole batch on every device.

    Args:
      x: examples.
      axis: batch axis, the leading one by default; 1 for a stack of batches.
    """
    if mapped() or AXIS not in jax.sharding.get_abstract_mesh().axis_names:
        return x
    return jax.lax.with_sharding_constraint(x, PartitionSpec(*(None,) * axis, AXIS))


def draw(
    sampler: Callable[[PRNGKey, tuple[int, ...]], Array], key: PRNGKey, shape: tuple[int, ...]
) -> Shaped[Array, "batch *rest"]:
    """``sampler(key, shape)``, with one random value or array per example along the leading axis.

    In a program that sees one device's shard, ``shape`` is the shape of the shard. The result is
    that shard of what ``sampler`` draws for the whole batch.
    """
    if not mapped():
        return sharded(sampler(key, shape))
    return own_shard(sampler(key, (shape[0] * jax.lax.axis_size(AXIS), *shape[1:])))


def own_shard(x: Shaped[Array, "*shape"], axis: int = 0) -> Shaped[Array, "*part"]:
    """A device's shard of a whole batch, in a program that sees one shard; else ``sharded(x)``."""
    if not mapped():
        return sharded(x, axis)
    size = x.shape[axis] // jax.lax.axis_size(AXIS)
    return jax.lax.dynamic_slice_in_dim(x, jax.lax.axis_index(AXIS) * size, size, axis)


def gathered(x: Shaped[Array, "batch *rest"]) -> Shaped[Array, "whole *rest"]:
    """The whole batch, gathered from all devices in a program that sees one shard; else ``x``."""
    return jax.lax.all_gather(x, AXIS, tiled=True) if mapped() else x


def over_devices(means: Any) -> Any:
    """Means over the whole batch, from means over the examples that this program sees.

    Floating-point arrays are averaged; others are the same on all devices.
    """
    if not mapped():
        return means
    return jax.tree.map(
        lambda x: jax.lax.pmean(x, AXIS) if jnp.issubdtype(x.dtype, jnp.floating) else x, means
    )


@jax.custom_vjp
def averaged_gradient(params: Any) -> Any:
    """Returns ``params``; in a program that sees one shard, averages their gradient over devices.

    Without it the gradient of :func:`over_devices` is that of the device's own shard.
    """
    return params


averaged_gradient.defvjp(lambda params: (params, None), lambda _, grads: (over_devices(grads),))
