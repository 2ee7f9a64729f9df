"""Statistics of a minibatch as a feature of its examples."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.core.sharding import gathered, mapped, own_shard
from jaxgan.typing import Image


def minibatch_stddev(
    x: Image, group: int = 4, epsilon: float = 1e-8
) -> Float[Array, "batch height width more"]:
    """``x`` with an extra channel: how much the examples in a group differ.

    sigma_phwc = sqrt(E_g[(x_gphwc - E_g[x_gphwc])^2] + epsilon) over the members g of group p. The
    channel is E_hwc[sigma_phwc], the same at all pixels of all members. In a batch of n = group m
    examples, group p holds examples p, p + m, p + 2 m, ... The batch is the global one, however it
    is split over devices.

    Args:
      x: (n, h, w, c).
      group: examples per group. If it does not divide n, their greatest common divisor is used. A
        single example has variance 0.
      epsilon: constant added to the variance.

    Returns:
      (n, h, w, c + 1), with the dtype of ``x``; the statistics are computed in float32.

    Reference: ProGAN (Karras et al. 2018), section 3, in the form of the authors' code.
    """
    whole = gathered(x).astype(jnp.float32)
    members = math.gcd(group, whole.shape[0])
    groups = whole.reshape(members, -1, *x.shape[1:])
    variance = jnp.square(groups - groups.mean(0, keepdims=True)).mean(0)
    deviation = jnp.sqrt(variance + epsilon).mean((1, 2, 3))
    deviation = jnp.tile(deviation, members).astype(x.dtype)
    own = own_shard(deviation) if mapped() else deviation
    channel = jnp.broadcast_to(own[:, None, None, None], (*x.shape[:3], 1))
    return jnp.concatenate([x, channel], axis=-1)
