"""Training in legs, one program per leg: growth, pre-training, the head before the whole net.

A checkpoint of global step s holds the state of the leg that took step s. So the checkpoint at the
end of a leg still belongs to that leg, and the next leg adopts it whenever it starts.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxgan.core.algorithm import Algorithm
from jaxgan.core.precision import Precision, at_precision
from jaxgan.core.state import Player, TrainState
from jaxgan.errors import InputError


def by_name(old: TrainState, new: TrainState) -> TrainState:
    """``new`` with every array of ``old`` that has the same path and shape.

    Variables, averages and memory are adopted; optimizers start anew.
    """
    players = {
        name: _adopted(old.players[name], player) if name in old.players else player
        for name, player in new.players.items()
    }
    return new.replace(step=old.step, players=players, memory=_taken(old.memory, new.memory))


def _adopted(old: Player, new: Player) -> Player:
    average = None
    if new.average is not None:  # copied: a donated state must not hold an array twice
        average = jax.tree.map(jnp.array, _taken(old.averaged, new.average))
    return new.replace(variables=_taken(old.variables, new.variables), average=average)


def _taken(old: Any, new: Any) -> Any:
    """``new`` with the leaves of ``old`` at the same paths, where the shapes agree."""
    found = {jax.tree_util.keystr(p): x for p, x in jax.tree_util.tree_leaves_with_path(old)}

    def take(path: Any, leaf: Any) -> Any:
        other = found.get(jax.tree_util.keystr(path))
        return leaf if other is None or other.shape != leaf.shape else other

    return jax.tree_util.tree_map_with_path(take, new)


class Leg(NamedTuple):
    """Part of a run with one algorithm and one set of data settings."""

    algorithm: Algorithm
    steps: int
    """Number of training steps in this leg."""
    data: Mapping[str, Any] = {}
    """Fields of the run's data that this leg changes: ``{"image_size": 8, "batch_size": 64}``."""
    adopt: Callable[[TrainState, TrainState], TrainState] = by_name
    """Function ``(state at the end of the previous leg, new state) -> first state of this leg``."""


def legs(
    built: Algorithm | Sequence[Leg], steps: int, precision: Precision = "default"
) -> list[Leg]:
    """Legs that fill the run, from the result of ``build``.

    Args:
      built: an algorithm or legs.
      steps: number of training steps in the run.
      precision: precision of float32 products in all computations of the algorithms.

    Raises:
      InputError: the legs are shorter or longer than the run, or one has no steps.
    """
    built = [Leg(built, steps)] if isinstance(built, Algorithm) else built
    total = sum(leg.steps for leg in built)
    if any(leg.steps < 1 for leg in built):
        each = ", ".join(str(leg.steps) for leg in built)
        raise InputError(f"steps: {steps} leaves legs of {each} steps: use more")
    if total != steps:
        raise InputError(f"steps: {steps}, and the legs of this method have {total}: use {total}")
    return [leg._replace(algorithm=at_precision(leg.algorithm, precision)) for leg in built]


def first_step(legs: Sequence[Leg], index: int) -> int:
    """Global step at which a leg begins."""
    return sum(leg.steps for leg in legs[:index])


def leg_of(legs: Sequence[Leg], step: int) -> int:
    """Index of the leg that took global step ``step``: a checkpoint of the step holds its state."""
    index = 0
    while index + 1 < len(legs) and step > first_step(legs, index + 1):
        index += 1
    return index
