"""Checkpoints of a TrainState by Orbax, in the background. The only file that knows Orbax.

A checkpoint appears under its final name when it is complete, so a killed process leaves the ones
before it. An older one is removed when a newer one is complete. Who only reads moves nothing.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from jaxgan.core import Player, TrainState
from jaxgan.errors import InputError, first_line
from jaxgan.system import processes

PASSING = ("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "UNAVAILABLE", "DEADLINE", "ABORTED")
"""Words of an error that say nothing about the contents of a checkpoint."""

Say = Callable[[str], None]
Like = Callable[[int], TrainState]
"""``step -> shapes`` of the state that the checkpoint of a step holds."""


def saved(state: TrainState) -> dict[str, Any]:
    """The part of a state that a checkpoint holds: no frozen weights, rows or clock."""
    players = {
        name: {"variables": p.variables, "opt_state": p.opt_state, "average": p.average}
        for name, p in state.players.items()
    }
    return {"step": state.step, "players": players, "memory": state.memory}


def _filled(like: TrainState, tree: dict[str, Any]) -> TrainState:
    """``like`` with the arrays of a tree as :func:`saved` makes it."""
    players = {name: Player(**parts) for name, parts in tree["players"].items()}
    return like.replace(step=tree["step"], players=players, memory=tree["memory"])


class Checkpoints:
    """The checkpoints that a run writes."""

    def __init__(self, directory: Path, keep: int = 3, say: Say = print):
        """Those in ``directory``; ``say`` is told of a failed save or an unreadable checkpoint."""
        self._directory = directory
        self._say = say
        self._saving: int | None = None
        options = ocp.CheckpointManagerOptions(max_to_keep=keep, enable_async_checkpointing=True)
        self._manager = ocp.CheckpointManager(directory.absolute(), options=options)

    def steps(self) -> list[int]:
        """The steps that are saved, oldest first."""
        return sorted(self._manager.all_steps())

    def save(self, state: TrainState, step: int) -> None:
        """Starts to save ``state``; a failure (a full disk) is reported and the run goes on."""
        self.wait()
        if step in self.steps():
            return
        self._saving = step
        try:
            with _quiet():
                self._manager.save(step, args=ocp.args.StandardSave(saved(state)), force=True)
        except (OSError, ValueError) as error:
            self._failed(error)

    def replace(self, state: TrainState, step: int) -> None:
        """Saves ``state``, and removes all others when it is on disk.

        One of the same step goes first: a run that was rolled back comes by with another state.
        """
        if step in self.steps():
            self._manager.delete(step)
        self.save(state, step)
        self.wait()
        if step in self.steps():
            for other in self.steps():
                if other != step:
                    self._manager.delete(other)

    def wait(self) -> None:
        """Until the last save is on disk; a failure is reported."""
        try:
            with _quiet():
                self._manager.wait_until_finished()
        except (OSError, ValueError) as error:
            self._failed(error)
        self._saving = None

    def finish(self, step: int) -> None:
        """Waits for the last save of a run.

        Raises:
          InputError: when ``step`` is not on disk.
        """
        self.wait()
        if step not in self.steps():
            goes_on = f"goes on from step {self.steps()[-1]}" if self.steps() else "starts over"
            raise InputError(
                f"out: the last state, of step {step}, could not be saved in {self._directory}:"
                f" make room there; the same command then {goes_on}"
            )

    def restore(self, like: Like) -> TrainState | None:
        """The newest readable state, or None where there is none.

        A checkpoint that cannot be decoded is set aside: process 0 reads it, and all agree.

        Args:
          like: shapes and shardings by step, ``jax.ShapeDtypeStruct`` leaves.

        Raises:
          InputError: there are checkpoints and none can be read, or the newest one holds other
            arrays. Nothing is moved then.
        """
        newest = None
        for step in reversed(self.steps()):
            newest = newest or step
            damage = _damage(self._directory / str(step)) if processes.is_first() else ""
            if processes.agree(int(damage != "")):
                self._set_aside(step, damage)
                continue
            wanted = like(step)
            _compare(self._directory / str(step), wanted)
            args = ocp.args.StandardRestore(saved(wanted))
            with _quiet():
                restored: Any = self._manager.restore(step, args=args)
            return _filled(wanted, restored)
        if newest is not None:
            raise InputError(
                f"out: no checkpoint in {self._directory} can be read; start over with --fresh"
            )
        return None

    def close(self) -> None:
        """Waits for the last save and lets go of the directory."""
        self.wait()
        self._manager.close()

    def _failed(self, error: Exception) -> None:
        kept = ", ".join(map(str, self.steps())) or "none"
        self._say(
            f"checkpoint at step {self._saving} was not saved: {first_line(error)}; the run goes on"
            f" (kept: {kept})"
        )

    def _set_aside(self, step: int, damage: str) -> None:
        if processes.is_first():
            aside = self._directory.with_name(f"unreadable-checkpoint-{step}")
            while aside.exists():
                aside = aside.with_name(aside.name + "-again")
            os.rename(self._directory / str(step), aside)
            self._say(
                f"checkpoint {step} is unreadable ({damage}); moved to {aside},"
                " using the one before it"
            )
        processes.meet(f"unreadable {step}")
        self._manager.reload()


def saved_steps(directory: Path) -> list[int]:
    """The steps of complete checkpoints in a directory, oldest first."""
    if not directory.is_dir():
        return []
    with _quiet():
        options = ocp.CheckpointManagerOptions(read_only=True)
        with ocp.CheckpointManager(directory.absolute(), options=options) as manager:
            return sorted(manager.all_steps())


def read_newest(directory: Path, like: Like, say: Say = print) -> TrainState | None:
    """The newest readable state, as NumPy arrays; None where there is none. Moves nothing.

    Another process may write there at the same time: a checkpoint that it has removed since is
    passed over.

    Raises:
      InputError: there are checkpoints and none can be read, or the newest one holds other arrays.
    """
    steps: list[int] = []
    for _ in range(3):
        before, steps = steps, saved_steps(directory)
        if before and steps == before:
            raise InputError(f"run: no checkpoint in {directory} can be read")
        for step in reversed(steps):
            folder = directory / str(step)
            try:
                wanted = like(step)
                _compare(folder, wanted)
                return _filled(wanted, _like(saved(wanted), _read(folder)))
            except Exception as error:
                if folder.is_dir() and not _is_damage(error):
                    raise
                if folder.is_dir():
                    say(f"checkpoint {step} is unreadable ({first_line(error)})")
    return None


def abstract(state: TrainState, shardings: Any) -> TrainState:
    """The shapes of ``state``, to be restored with ``shardings``: a tree like it, leaf by leaf."""
    return jax.tree.map(
        lambda x, sharding: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding),
        state,
        shardings,
    )


def _read(checkpoint: Path) -> Any:
    """All arrays of a checkpoint on the host, as nested dicts and lists."""
    with _quiet():
        numpy = jax.tree.map(
            lambda _: ocp.RestoreArgs(restore_type=np.ndarray), _metadata(checkpoint)
        )
        args = ocp.args.PyTreeRestore(restore_args=numpy)
        return ocp.PyTreeCheckpointHandler().restore(_folder(checkpoint), args=args)


def _metadata(checkpoint: Path) -> Any:
    """Shapes and types of the arrays of a checkpoint."""
    return ocp.PyTreeCheckpointHandler().metadata(_folder(checkpoint)).tree


def _folder(checkpoint: Path) -> Any:
    """The folder of the arrays; Orbax takes any kind of path."""
    return (checkpoint / "default").absolute()


def _damage(checkpoint: Path) -> str:
    """Why a checkpoint cannot be decoded; "" where it can.

    Raises:
      Exception: what the machine refuses (memory, permission) proves nothing.
    """
    try:
        _read(checkpoint)
    except Exception as error:  # Orbax and TensorStore raise ValueError and Exception itself
        if not _is_damage(error):
            raise
        return first_line(error)
    return ""


def _is_damage(error: Exception) -> bool:
    """Whether an error of reading proves that the files are damaged."""
    if isinstance(error, FileNotFoundError):
        return True
    if isinstance(error, InputError | OSError | MemoryError) or any(
        word in str(error) for word in PASSING
    ):
        return False
    return isinstance(error, ValueError | KeyError | TypeError) or type(error) is Exception


def _compare(checkpoint: Path, wanted: TrainState) -> None:
    """Raises InputError that names the first array that differs from the wanted ones."""
    found, expected = (_by_path(tree) for tree in (_metadata(checkpoint), saved(wanted)))
    for path in sorted(expected.keys() | found.keys()):
        shapes = [tuple(tree[path].shape) if path in tree else None for tree in (found, expected)]
        if shapes[0] != shapes[1]:
            has, wants = (
                "no such array" if shape is None else f"shape {shape}" for shape in shapes
            )
            raise InputError(
                f"out: checkpoint {checkpoint} does not fit the config: {path} is {has} there and"
                f" {wants} here; use the config that made the run"
            )


def _like(wanted: Any, read: Any) -> Any:
    """The arrays that were read in a tree of the wanted form."""
    found = _by_path(read)
    return jax.tree_util.tree_map_with_path(lambda path, _: found[_name(path)], wanted)


def _by_path(tree: Any) -> dict[str, Any]:
    return {_name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def _name(path: Any) -> str:
    """``players/generator/variables/params/...``, for any kind of tree."""
    keys = (getattr(k, "key", getattr(k, "idx", getattr(k, "name", k))) for k in path)
    return "/".join(map(str, keys))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the page that Orbax logs for each error that it also raises."""
    logger = logging.getLogger("absl")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
