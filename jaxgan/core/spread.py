"""The batch axis over the devices."""

import jax
from jax.sharding import PartitionSpec
from jaxtyping import Array, Shaped

AXIS = "data"
"""The mesh axis that a batch is split over."""


def spread(x: Shaped[Array, "batch *rest"]) -> Shaped[Array, "batch *rest"]:
    """``x`` with its leading axis split over the mesh in force; ``x`` itself where there is none.

    Arrays made inside a step (latent codes) need this: without it the compiler is free to compute
    all of a generator's batch on every device.
    """
    mesh = jax.sharding.get_abstract_mesh()
    if AXIS not in mesh.axis_names:
        return x
    return jax.lax.with_sharding_constraint(x, PartitionSpec(AXIS))
