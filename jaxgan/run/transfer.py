"""A new run that starts from the weights of another: transfer learning."""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from jaxgan.core import TrainState
from jaxgan.errors import InputError
from jaxgan.run.config import Run, types_of
from jaxgan.run.opened import open_run

SHOWN = 5
"""Arrays that are listed one by one where they do not match."""


class Transfer:
    """The weights of ``run.init_from`` and how they match those of a new run."""

    def __init__(self, run: Run, like: TrainState):
        """Reads them.

        Args:
          run: the new one.
          like: shapes of its state.

        Raises:
          InputError: there is no such run, or none of its arrays match.
        """
        assert run.init_from is not None
        own = types_of(run)
        try:
            last, averaged = (open_run(run.init_from, kind, own=own) for kind in (False, True))
        except InputError as error:
            raise InputError(f"init_from: {error}") from None
        self._last, self._averaged = last.weights, averaged.weights
        found = [line for name in like.players for line in self._described(name, like)]
        if not any(" takes " in line for line in found):
            raise InputError(
                f"init_from: no array of {run.init_from} has the player, path and shape of one of"
                " this run's; use a run with the same nets"
            )
        self.lines = [f"init_from: {run.init_from}, step {last.step}", *found]
        """Lines on the arrays that are taken, and on the others and why."""

    def __call__(self, state: TrainState) -> TrainState:
        """The state with every array of the other run that has its player, path and shape.

        Parameters, statistics and averages are taken; optimizers and memory start anew.
        """
        players = dict(state.players)
        for name, player in players.items():
            if name in self._last:
                average = player.average
                if average is not None:
                    average = _taken(self._averaged[name], average)
                variables = _taken(self._last[name], player.variables)
                players[name] = player.replace(variables=variables, average=average)
        return state.replace(players=players)

    def _described(self, name: str, like: TrainState) -> Iterator[str]:
        if name not in self._last:
            yield f"init_from: {name} starts anew: the run has no such player"
            return
        here, there = _by_path(like.players[name].variables), _by_path(self._last[name])
        reasons = [
            f"{path} is {there[path].shape} there and {here[path].shape} here"
            if path in there and path in here
            else f"{path} is only {'here' if path in here else 'there'}"
            for path in here | there
            if path not in _matching(here, there)
        ]
        if len(reasons) < len(here | there):
            yield f"init_from: {name} takes {len(_matching(here, there))} of {len(here)} arrays"
        yield from (f"init_from: {name}/{reason}" for reason in reasons[:SHOWN])
        if len(reasons) > SHOWN:
            yield f"init_from: and {len(reasons) - SHOWN} more of {name} do not match"


def _matching(here: Mapping[str, Any], there: Mapping[str, Any]) -> set[str]:
    return {p for p, x in here.items() if p in there and there[p].shape == x.shape}


def _taken(old: Any, new: Any) -> Any:
    """``new`` with the arrays of ``old`` at the same paths, on all processes."""
    there = _by_path(old)
    matched = _matching(_by_path(new), there)

    def take(path: Any, leaf: Any) -> Any:
        if _text(path) not in matched:
            return leaf
        array = np.asarray(there[_text(path)], leaf.dtype)
        return jax.make_array_from_callback(array.shape, leaf.sharding, lambda part: array[part])

    return jax.tree_util.tree_map_with_path(take, new)


def _by_path(tree: Any) -> dict[str, Any]:
    return {_text(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def _text(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")
