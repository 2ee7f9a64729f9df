"""The batch axis over the devices: random draws and means of the whole batch, in every program.

A step is traced as a program for all devices, which the compiler splits over the mesh, or as a
program that sees one device's share of the batch. Code written with these functions computes the
same in both: random values are those of the whole batch, and means are over it.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec
from jaxtyping import Array, Shaped

from jaxgan.typing import PRNGKey

AXIS = "data"
"""The mesh axis that a batch is split over."""


def mapped() -> bool:
    """Whether the program being traced sees one device's share of the batch."""
    try:
        jax.lax.axis_size(AXIS)
    except NameError:
        return False
    return True


def spread(x: Shaped[Array, "*shape"], axis: int = 0) -> Shaped[Array, "*shape"]:
    """``x`` with its batch axis split over the mesh in force; ``x`` itself where there is none.

    Arrays made inside a step (latent codes) need this: without it the compiler is free to compute
    all of a generator's batch on every device.

    Args:
      x: examples.
      axis: the batch axis, the leading one by default; 1 for a stack of batches.
    """
    if mapped() or AXIS not in jax.sharding.get_abstract_mesh().axis_names:
        return x
    return jax.lax.with_sharding_constraint(x, PartitionSpec(*(None,) * axis, AXIS))


def draw(
    sample: Callable[[PRNGKey, tuple[int, ...]], Array], key: PRNGKey, shape: tuple[int, ...]
) -> Shaped[Array, "batch *rest"]:
    """``sample(key, shape)``, one random value or array an example along the leading axis.

    In a program that sees one device's share, ``shape`` is that of the share, and the result is
    that share of what ``sample`` draws for the whole batch.
    """
    if not mapped():
        return spread(sample(key, shape))
    return share(sample(key, (shape[0] * jax.lax.axis_size(AXIS), *shape[1:])))


def share(x: Shaped[Array, "*shape"], axis: int = 0) -> Shaped[Array, "*part"]:
    """A device's share of a whole batch, in a program that sees one; elsewhere ``x``, spread."""
    if not mapped():
        return spread(x, axis)
    size = x.shape[axis] // jax.lax.axis_size(AXIS)
    return jax.lax.dynamic_slice_in_dim(x, jax.lax.axis_index(AXIS) * size, size, axis)


def gathered(x: Shaped[Array, "batch *rest"]) -> Shaped[Array, "whole *rest"]:
    """The whole batch, of which ``x`` is the share that this program sees."""
    return jax.lax.all_gather(x, AXIS, tiled=True) if mapped() else x


def over_devices(means: Any) -> Any:
    """Means over the whole batch, from means over what this program sees of it.

    Floating arrays are averaged; others are the same on all devices.
    """
    if not mapped():
        return means
    return jax.tree.map(
        lambda x: jax.lax.pmean(x, AXIS) if jnp.issubdtype(x.dtype, jnp.floating) else x, means
    )


@jax.custom_vjp
def averaged_gradient(params: Any) -> Any:
    """``params`` as they are; in a program of one share their gradient is a mean over the devices.

    There the gradient of :func:`over_devices` alone is that of the device's own share.
    """
    return params


averaged_gradient.defvjp(lambda params: (params, None), lambda _, grads: (over_devices(grads),))
