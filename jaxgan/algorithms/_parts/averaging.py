"""Averaged weights whose half-life is counted in images and grows at first."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

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
      half_life: in images at step ``steps``, above 0 in place of ``decay``: it grows from 0 along
        half a cosine.
      steps: of the run.

    Reference: Huang et al. 2024 (R3GAN), appendix.
    """
    if not half_life:
        return ema(player, decay)
    growing = schedule(0.0, "cosine", steps, half_life)
    return by_half_life(player, lambda step, n: jnp.asarray(growing(step)))


def ramped(player: str, half_life: float, ramp: float) -> Update:
    """The moving average of a player's weights by h = min(half_life, ramp * images seen).

    Args:
      player: whose.
      half_life: in images.
      ramp: half-life over the number of images seen, at most; 0: no such limit.

    Reference: Karras et al. 2020, ADA, appendix C; Karras et al. 2018, section 6.1.
    """

    def now(step: Int[Array, ""], n: int) -> Float[Array, ""]:
        seen = ramp * n * step.astype(jnp.float32)
        return jnp.minimum(half_life, seen) if ramp else jnp.float32(half_life)

    return by_half_life(player, now)


def by_half_life(player: str, half_life: Callable[[Int[Array, ""], int], Array]) -> Update:
    """The moving average of a player's weights with a decay of 2^(-n / h) in a step of n images.

    Args:
      player: whose; one without an average stays as it is.
      half_life: h in images by the step and n.
    """

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        n = size_of(batch) * (jax.lax.axis_size(AXIS) if mapped() else 1)  # of the whole batch
        h = half_life(state.step, n)
        return ema(player, lambda _: 0.5 ** (n / jnp.maximum(h, 1e-8)))(state, batch, key)

    return update
