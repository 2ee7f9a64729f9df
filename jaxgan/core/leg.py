"""Training in legs: growth, pre-training, a head first and then all. One program a leg.

A checkpoint of global step s is the state of the leg that took step s, so the checkpoint at a
leg's end is still that leg's: the next one adopts it at its start, however often it starts.
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
    """``new`` with every array of ``old`` that has its path and its shape.

    Variables, averages and memory are adopted; optimizers start anew.
    """
    players = {
        name: _adopted(old.players[name], player) if name in old.players else player
        for name, player in new.players.items()
    }
    return new.replace(step=old.step, players=players, memory=_taken(old.memory, new.memory))


def _adopted(old: Player, new: Player) -> Player:
    average = None
    if new.average is not None:  # a copy: a step that donates its state takes an array once
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
    """A stretch of a run with one algorithm and one form of the data."""

    algorithm: Algorithm
    steps: int
    """Training steps of this leg."""
    data: Mapping[str, Any] = {}
    """Fields of the run's data that this leg changes: ``{"image_size": 8, "batch_size": 64}``."""
    adopt: Callable[[TrainState, TrainState], TrainState] = by_name
    """``(state at the end of the leg before, new state) -> state`` that this leg starts from."""


def legs(
    built: Algorithm | Sequence[Leg], steps: int, precision: Precision = "default"
) -> list[Leg]:
    """The result of ``build`` as legs that fill the run.

    Args:
      built: an algorithm, or legs.
      steps: training steps of the run.
      precision: of float32 products in all that the algorithms compute.

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
    """The global step that a leg begins with."""
    return sum(leg.steps for leg in legs[:index])


def leg_of(legs: Sequence[Leg], step: int) -> int:
    """The leg whose state a checkpoint of a global step holds: the one that took step ``step``."""
    index = 0
    while index + 1 < len(legs) and step > first_step(legs, index + 1):
        index += 1
    return index
