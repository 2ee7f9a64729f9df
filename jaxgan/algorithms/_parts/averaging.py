"""Moving averages of weights whose half-life is counted in images and grows at first."""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from jaxgan.algorithms._parts.examples import global_size
from jaxgan.algorithms._parts.optimizer import schedule
from jaxgan.core import TrainState, Update, ema
from jaxgan.typing import Batch, Metrics, PRNGKey


def averaged(player: str, decay: float, half_life: float, steps: int) -> Update:
    """The moving average of a player's weights, by a decay or by a half-life.

    Args:
      player: the player.
      decay: decay per step, smaller in the first steps: see :func:`jaxgan.core.ema`.
      half_life: half-life in images at step ``steps``; it grows from 0 along half a cosine. Above 0
        it replaces ``decay``.
      steps: steps of the run.

    Reference: Huang et al. 2024 (R3GAN), appendix.
    """
    if not half_life:
        return ema(player, decay)
    growing = schedule(0.0, "cosine", steps, half_life)
    return by_half_life(player, lambda step, n: jnp.asarray(growing(step)))


def ramped(player: str, half_life: float, ramp: float) -> Update:
    """The moving average of a player's weights with half-life min(half_life, ramp * images seen).

    Args:
      player: the player.
      half_life: half-life in images.
      ramp: largest half-life as a fraction of the images seen; 0: no limit.

    Reference: Karras et al. 2020, ADA, appendix C; Karras et al. 2018, section 6.1.
    """

    def now(step: Int[Array, ""], n: int) -> Float[Array, ""]:
        seen = ramp * n * step.astype(jnp.float32)
        return jnp.minimum(half_life, seen) if ramp else jnp.float32(half_life)

    return by_half_life(player, now)


def by_half_life(player: str, half_life: Callable[[Int[Array, ""], int], Array]) -> Update:
    """The moving average of a player's weights, with decay 2^(-n / h) in a step of n images.

    Args:
      player: the player; a player without an average is left unchanged.
      half_life: the half-life h in images, as a function of the step and n.
    """

    def update(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        n = global_size(batch)
        h = half_life(state.step, n)
        return ema(player, lambda _: 0.5 ** (n / jnp.maximum(h, 1e-8)))(state, batch, key)

    return update
