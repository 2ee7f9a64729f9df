"""Transfer learning: a new run starts from the weights of another run, or from published ones."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import jax
import numpy as np

from jaxgan.core import TrainState
from jaxgan.errors import InputError
from jaxgan.run.config import Run, types_of
from jaxgan.run.opened import open_run
from jaxgan.typing import Variables
from jaxgan.weights import read_stylegan2

SHOWN = 5
"""Number of mismatched arrays that are listed one by one."""
SETTINGS = ("mapping_lr", "style_decay", "clamp", "clamp_all", "normalize_classes", "group")
"""Fields of StyleGAN2's nets that change the outputs of the same weights."""


class Transfer:
    """The weights of ``run.init_from`` and how they match those of a new run."""

    def __init__(self, run: Run, like: TrainState):
        """Reads the weights.

        Args:
          run: the new run.
          like: shapes of its state.

        Raises:
          InputError: there is no such run or file, or none of its arrays match.
        """
        assert run.init_from is not None
        try:
            if Path(run.init_from).suffix == ".pkl":
                head, self._last, self._averaged = _published(run)
            else:
                head, self._last, self._averaged = _trained(run)
        except InputError as error:
            raise InputError(f"init_from: {error}") from None
        found = [line for name in like.players for line in self._described(name, like)]
        if not any(" takes " in line for line in found):
            raise InputError(
                f"init_from: no array of {run.init_from} has the player, path and shape of one of"
                " this run's; use a run with the same nets"
            )
        self.lines = [*head, *found]
        """Lines on the arrays that are taken, and on those that are not and why."""

    def __call__(self, state: TrainState) -> TrainState:
        """The state with all arrays of the other run whose player, path and shape match.

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
            yield f"init_from: {name} starts anew: there is no such player there"
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


_Weights: TypeAlias = tuple[list[str], Mapping[str, Variables], Mapping[str, Variables]]
"""First lines, the newest weights by player, and the averaged ones."""


def _trained(run: Run) -> _Weights:
    """Weights of a run directory."""
    assert run.init_from is not None
    own = types_of(run)
    last, averaged = (open_run(run.init_from, kind, own=own) for kind in (False, True))
    return [f"init_from: {run.init_from}, step {last.step}"], last.weights, averaged.weights


def _published(run: Run) -> _Weights:
    """Weights of a published StyleGAN2, without its fixed noise: a run's nets sample their own."""
    assert run.init_from is not None
    found = read_stylegan2(run.init_from)
    lines, weights = [f"init_from: {run.init_from}, {', '.join(found)}"], {}
    for name, (net, variables, _) in found.items():
        weights[name] = {key: value for key, value in variables.items() if key != "constants"}
        player = "discriminator" if name == "D" else "generator"
        own = getattr(run.algorithm, player, None)
        if isinstance(own, type(net)) and name != "G_ema":
            lines += [
                f"init_from: algorithm.{player}.{field} is {there} there and {here} here"
                for field in SETTINGS
                if (here := getattr(own, field, None)) != (there := getattr(net, field, None))
            ]
    averaged = weights.get("G_ema", weights.get("G"))
    last = {"generator": weights.get("G", averaged), "discriminator": weights.get("D")}
    last = {name: value for name, value in last.items() if value is not None}
    return lines, last, last if averaged is None else {**last, "generator": averaged}


def _matching(here: Mapping[str, Any], there: Mapping[str, Any]) -> set[str]:
    return {p for p, x in here.items() if p in there and there[p].shape == x.shape}


def _taken(old: Any, new: Any) -> Any:
    """``new`` with the arrays of ``old`` that match in path and shape, on all processes."""
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
