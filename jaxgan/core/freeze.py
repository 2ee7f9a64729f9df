"""Players, or the first layers of their nets, that stay fixed while the rest is trained.

Mo et al. 2020, Freeze the Discriminator (FreezeD): a pre-trained discriminator with frozen first
layers learns from few images.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax

from jaxgan.core.algorithm import Algorithm
from jaxgan.core.state import Player, TrainState
from jaxgan.errors import InputError, did_you_mean
from jaxgan.typing import Batch, Metrics, PRNGKey

Kept = Mapping[str, frozenset[str] | None]
"""Frozen modules of each player's net, by player; None: all modules."""


def with_frozen_players(algorithm: Algorithm, asked: Sequence[str], batch: Batch) -> Algorithm:
    """The algorithm with some parameters frozen: its step leaves them unchanged, bit for bit.

    Statistics of a frozen BatchNorm are still updated. The average of frozen parameters is frozen
    too.

    Args:
      algorithm: the algorithm to change. To freeze single layers, its nets must be linen modules.
      asked: ``PLAYER``, or ``PLAYER:N`` for its first N layers. A layer is a module of the net that
        has a kernel, with the norms that follow it.
      batch: a batch of the right shapes, for tracing.

    Raises:
      InputError: a player does not exist, or it has fewer layers.
    """
    if not asked:
        return algorithm
    layers = _layers(algorithm, batch)
    kept: Kept = dict(_kept(text, layers) for text in asked)

    def step(state: TrainState, batch: Batch, key: PRNGKey) -> tuple[TrainState, Metrics]:
        new, metrics = algorithm.step(state, batch, key)
        players = {
            name: _restored(state.players[name], player, kept[name]) if name in kept else player
            for name, player in new.players.items()
        }
        return new.replace(players=players), metrics

    return algorithm._replace(step=step)


def _kept(text: str, layers: Mapping[str, list[frozenset[str]]]) -> tuple[str, Any]:
    name, colon, count = text.partition(":")
    if name not in layers:
        raise InputError(
            f"freeze: there is no {name}; {did_you_mean(name, layers)}use {', '.join(layers)}"
        )
    if not colon:
        return name, None
    known = len(layers[name])
    if not count.isdecimal() or not 1 <= int(count) <= known:
        raise InputError(
            f"freeze: {text} is not PLAYER:N with N from 1 to {known}, the layers of {name}"
        )
    return name, frozenset().union(*layers[name][: int(count)])


def _restored(old: Player, new: Player, modules: frozenset[str] | None) -> Player:
    def back(before: Any, after: Any) -> Any:
        params = {
            name: before["params"][name] if modules is None or name in modules else value
            for name, value in after["params"].items()
        }
        return {**after, "params": params}

    average = None if new.average is None else back(old.average, new.average)
    return new.replace(variables=back(old.variables, new.variables), average=average)


def _layers(algorithm: Algorithm, batch: Batch) -> dict[str, list[frozenset[str]]]:
    """The modules of each layer of each player, in the order in which its net calls them."""
    calls: list[list[str]] = []
    players: dict[str, Player] = {}

    def intercept(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        path = context.module.path
        if not path and context.method_name == "__call__":
            calls.append([])
        out = call(*args, **kwargs)
        if len(path) == 1 and path[0] not in calls[-1]:  # a wrapper returns after its layer
            calls[-1].append(path[0])
        return out

    def init(key: PRNGKey, batch: Batch) -> None:
        with nn.intercept_methods(intercept):
            players.update(algorithm.init(key, batch).players)

    jax.eval_shape(init, jax.random.key(0), batch)
    if len(calls) != len(players):  # nets of other libraries: only whole players
        return {name: [] for name in players}
    return {
        name: _grouped(called, player.variables["params"])
        for called, (name, player) in zip(calls, players.items(), strict=True)
    }


def _grouped(called: list[str], params: Mapping[str, Any]) -> list[frozenset[str]]:
    """Layers: a module with a kernel begins one, and modules without a kernel join the last."""
    groups: list[list[str]] = []
    for name in called:
        own = jax.tree.leaves(params.get(name, {}))
        if not own:
            continue
        if any(leaf.ndim > 1 for leaf in own) or not groups:
            groups.append([])
        groups[-1].append(name)
    return [frozenset(group) for group in groups]
