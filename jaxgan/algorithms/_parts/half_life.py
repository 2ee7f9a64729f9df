"""Averaged weights whose half-life is counted in images, and rises at first."""

import jax
import jax.numpy as jnp

from jaxgan.core import TrainState, Update, ema
from jaxgan.core.sharding import AXIS, mapped
from jaxgan.typing import Batch, Metrics, PRNGKey


def global_size(batch: Batch) -> int:
    """Number of examples of the whole batch, in every program."""
    own = jax.tree.leaves(batch)[0].shape[0]
    return own * (jax.lax.axis_size(AXIS) if mapped() else 1)


def ramped_average(player: str, half_life: float, ramp: float) -> Update:
    """The moving average of a player's weights with a decay of 2^(-n / h) in a step of n images.

    h = min(half_life, ramp * images seen): an early average is one of recent weights.

    Args:
      player: whose; one without an average stays as it is.
      half_life: in images.
      ramp: half-life over the number of images seen, at most; 0: no such limit.

    Reference: Karras et al. 2020, ADA, appendix C; Karras et al. 2018, section 6.1.
    """

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        n = global_size(batch)
        seen = ramp * n * state.step.astype(jnp.float32)
        h = jnp.minimum(half_life, seen) if ramp else jnp.float32(half_life)
        return ema(player, lambda _: 0.5 ** (n / jnp.maximum(h, 1e-8)))(state, batch, key)

    return update
