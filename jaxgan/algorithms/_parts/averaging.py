"""Averaged weights whose half-life is counted in images."""

import jax
import jax.numpy as jnp

from jaxgan.algorithms._parts.examples import size_of
from jaxgan.algorithms._parts.optimizer import schedule
from jaxgan.core import TrainState, Update, ema
from jaxgan.core.sharding import AXIS, mapped
from jaxgan.typing import Batch, Metrics, PRNGKey


def averaged(player: str, decay: float, half_life: float, steps: int) -> Update:
    """The moving average of a player's weights, by a decay or by a half-life.

    Args:
      player: whose.
      decay: per step, less in the first ones: :func:`jaxgan.core.ema`.
      half_life: h in images at step ``steps``; above 0 it stands in for ``decay``: a step of n
        images decays by 2^(-n / h(t)), and h(t) grows from 0 along half a cosine.
      steps: of the run.

    Reference: Huang et al. 2024 (R3GAN), appendix; Karras et al. 2020, whose h is constant.
    """
    if not half_life:
        return ema(player, decay)
    growing = schedule(0.0, "cosine", steps, half_life)

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        images = size_of(batch) * (jax.lax.axis_size(AXIS) if mapped() else 1)
        now = ema(player, lambda step: 0.5 ** (images / jnp.maximum(growing(step), 1e-8)))
        return now(state, batch, key)

    return update
