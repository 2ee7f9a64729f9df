"""Checkpoints: the whole TrainState by Orbax, saved in the background. The only file that knows it.

A checkpoint appears under its final name when it is complete, so a killed process leaves the ones
before it. An older one is removed when a newer one is complete.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp

from jaxgan.core import TrainState
from jaxgan.errors import InputError

# Orbax logs a page for each error that it also raises; the raised one is reported here.
logging.getLogger("absl").setLevel(logging.CRITICAL)


class Checkpoints:
    """The checkpoints of one run."""

    def __init__(self, directory: Path, keep: int = 3, say: Callable[[str], None] = print):
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
            self._manager.save(step, args=ocp.args.StandardSave(state), force=True)
        except (OSError, ValueError) as error:
            self._failed(error)

    def replace(self, state: TrainState, step: int) -> None:
        """Saves ``state``, and when it is on disk removes all others.

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

    def restore(self, like: TrainState) -> TrainState | None:
        """The newest readable state, or None where there is none.

        Args:
          like: arrays or ``jax.ShapeDtypeStruct`` with the shapes and shardings wanted.

        Raises:
          InputError: when there are checkpoints and none can be read.
        """
        newest = None
        for step in reversed(self.steps()):
            newest = newest or step
            try:
                restored: Any = self._manager.restore(step, args=ocp.args.StandardRestore(like))
                return restored
            except Exception as error:  # Orbax raises Exception itself for a damaged file
                self._set_aside(step, error)
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
            f"checkpoint at step {self._saving} was not saved: {_reason(error)}; the run goes on"
            f" (kept: {kept})"
        )

    def _set_aside(self, step: int, error: Exception) -> None:
        aside = self._directory.with_name(f"unreadable-checkpoint-{step}")
        while aside.exists():
            aside = aside.with_name(aside.name + "-again")
        os.rename(self._directory / str(step), aside)
        self._manager.reload()
        self._say(
            f"checkpoint {step} is unreadable ({_reason(error)}); moved to {aside},"
            " using the one before it"
        )


def abstract(state: TrainState, shardings: Any) -> TrainState:
    """The shapes of ``state``, to be restored with ``shardings``: a tree like it, leaf by leaf."""
    return jax.tree.map(
        lambda x, sharding: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding),
        state,
        shardings,
    )


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
