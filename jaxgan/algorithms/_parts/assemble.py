"""Builds an :class:`Algorithm` from networks and a step, at the end of every ``build``."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import optax

from jaxgan.core import (
    Algorithm,
    Frozen,
    Function,
    Player,
    TrainState,
    Update,
    show_nothing,
)
from jaxgan.typing import Batch, PRNGKey


class Network(NamedTuple):
    """A player at the start of a run."""

    net: nn.Module
    inputs: tuple[Any, ...]
    """Positional arguments with which the net is initialised."""
    tx: optax.GradientTransformation
    average: bool = False
    """Whether a moving average is kept."""


def assemble(
    players: Mapping[str, Network],
    step: Update,
    functions: Mapping[str, Function],
    show: Callable[..., Any] = show_nothing,
    measure: Callable[..., Any] | None = None,
    memory: Callable[[], dict[str, Any]] = dict,
    batches_per_step: int = 1,
    frozen: Mapping[str, Frozen] | None = None,
) -> Algorithm:
    """The algorithm whose ``init`` initialises each player's net with a key of its own.

    Args:
      players: the networks by name.
      step: the training step.
      functions: the functions of a trained run.
      show: the sheet's columns; see :class:`Algorithm`.
      measure: measures of held-out examples; see :class:`Algorithm`.
      memory: makes the state's initial memory.
      batches_per_step: fresh batches that a step takes.
      frozen: weights that no update changes.
    """

    def init(key: PRNGKey, batch: Batch) -> TrainState:
        del batch
        state = {}
        for i, (name, (net, inputs, tx, average)) in enumerate(players.items()):
            modes: dict[str, Any] = {"train": True} if _has_modes(net) else {}
            variables: Any = net.init(jax.random.fold_in(key, i), *inputs, **modes)
            state[name] = Player.create(variables, tx, average)
        return TrainState.create(state, memory())

    return Algorithm(init, step, functions, show, measure, batches_per_step, frozen or {})


def _has_modes(net: nn.Module) -> bool:
    return "train" in inspect.signature(type(net).__call__).parameters
