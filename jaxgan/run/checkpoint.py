"""Checkpoints of a TrainState, saved by Orbax in the background. No other file uses Orbax.

A checkpoint gets its final name when it is complete, so a killed process leaves the earlier ones
intact. An old checkpoint is deleted only after a newer one is complete. Readers move nothing.
"""

import contextlib
import errno
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from jaxgan.core import Player, TrainState
from jaxgan.errors import InputError, first_line
from jaxgan.run import sums
from jaxgan.system import processes

ITEM = "default"
"""The folder of a checkpoint that holds its arrays, as Orbax names it."""
UNFINISHED = ".orbax-checkpoint-tmp"
"""Part of the name of a folder whose checkpoint is being written or deleted."""
ASIDE = "unreadable-checkpoint-"
"""Prefix of the name of a damaged checkpoint that was set aside; its step follows."""
PASSING = ("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "UNAVAILABLE", "DEADLINE", "ABORTED")
"""Words in an error message that show a problem of the machine, not a damaged checkpoint."""

Say = Callable[[str], None]
Like = Callable[[int], TrainState]
"""``step -> shapes`` of the state in the checkpoint of that step."""


def saved(state: TrainState) -> dict[str, Any]:
    """The part of a state that a checkpoint holds: all but frozen weights, rows and clock."""
    players = {
        name: {"variables": p.variables, "opt_state": p.opt_state, "average": p.average}
        for name, p in state.players.items()
    }
    return {"step": state.step, "players": players, "memory": state.memory}


def _filled(like: TrainState, tree: dict[str, Any]) -> TrainState:
    """``like`` with the arrays of a tree that :func:`saved` made."""
    players = {name: Player(**parts) for name, parts in tree["players"].items()}
    return like.replace(step=tree["step"], players=players, memory=tree["memory"])


class Checkpoints:
    """The checkpoints that a run writes."""

    def __init__(self, directory: Path, keep: int = 3, say: Say = print):
        """Opens ``directory``; ``say`` reports a failed save or an unreadable checkpoint."""
        self._directory = directory.absolute()
        self._keep = keep
        self._say = say
        self._saving: int | None = None
        self._quiet = contextlib.ExitStack()  # saves fail in a thread, at any time
        self._quiet.enter_context(_quiet())
        self._saver = ocp.AsyncCheckpointer(
            ocp.CompositeCheckpointHandler(),
            async_options=ocp.AsyncOptions(post_finalization_callback=self._seal),
        )
        self._sweep()

    def steps(self) -> list[int]:
        """Steps with a complete checkpoint, oldest first."""
        return saved_steps(self._directory)

    def save(self, state: TrainState, step: int) -> None:
        """Starts to save ``state``; a failure (a full disk) is reported, and the run continues."""
        self.wait()
        if step in self.steps():
            return
        self._saving = step
        try:
            args = ocp.args.Composite(**{ITEM: ocp.args.StandardSave(saved(state))})
            self._saver.save(self._folder(step), args=args)
        except (OSError, ValueError) as error:
            self._failed(error)
            self._saving = None

    def replace(self, state: TrainState, step: int) -> None:
        """Saves ``state`` and, once it is on disk, deletes all other checkpoints.

        A checkpoint of the same step is deleted first: a run that was rolled back reaches the step
        again with another state.
        """
        self._delete([step])
        self.save(state, step)
        self.wait()
        if step in self.steps():
            self._delete(other for other in self.steps() if other != step)

    def wait(self) -> None:
        """Waits until the last save is on disk; a failure is reported."""
        if self._saving is None:
            return
        try:
            self._saver.wait_until_finished()
        except (OSError, ValueError) as error:
            self._failed(error)
        self._saving = None
        self._delete(self.steps()[: -self._keep])

    def finish(self, step: int) -> None:
        """Waits for the last save of a run.

        Raises:
          InputError: ``step`` is not on disk.
        """
        self.wait()
        if step not in self.steps():
            goes_on = f"goes on from step {self.steps()[-1]}" if self.steps() else "starts over"
            raise InputError(
                f"out: the last state, of step {step}, could not be saved in {self._directory}:"
                f" make room there; the same command then {goes_on}"
            )

    def restore(self, like: Like) -> TrainState | None:
        """The newest readable state, or None if there is no checkpoint.

        Newer checkpoints that cannot be decoded are set aside. Process 0 judges them, and all
        processes follow it.

        Args:
          like: shapes and shardings by step, ``jax.ShapeDtypeStruct`` leaves.

        Raises:
          InputError: none of the checkpoints can be read, or the newest readable one holds other
            arrays. In both cases nothing is moved.
        """
        broken: dict[int, str] = {}
        for step in reversed(self.steps()):
            damage = _damage(self._folder(step)) if processes.is_first() else ""
            if processes.agree(int(damage != "")):
                broken[step] = damage
                continue
            wanted = like(step)
            _compare(self._folder(step), wanted)
            args = ocp.args.StandardRestore(saved(wanted))
            handler = ocp.StandardCheckpointHandler()
            restored: Any = handler.restore(_item(self._folder(step)), args=args)
            for other, damage in broken.items():
                self._set_aside(other, damage, step)
            return _filled(wanted, restored)
        if broken or any(self._directory.parent.glob(f"{ASIDE}[0-9]*")):
            why = "; ".join(f"{step}: {damage}" for step, damage in broken.items() if damage)
            raise InputError(
                f"out: no checkpoint in {self._directory} can be read{why and f' ({why})'}; start"
                " over with --fresh"
            )
        return None

    def close(self) -> None:
        """Waits for the last save and releases the directory."""
        self.wait()
        self._saver.close()
        self._quiet.close()

    def _folder(self, step: int) -> Path:
        return self._directory / str(step)

    def _seal(self) -> None:
        """Adds checksums to a checkpoint before it gets its final name; runs in Orbax's thread."""
        if processes.is_first():
            for part in self._directory.glob(f"{self._saving}{UNFINISHED}*"):
                sums.write(part, ITEM)

    def _failed(self, error: Exception) -> None:
        self._sweep()
        kept = ", ".join(map(str, self.steps())) or "none"
        self._say(
            f"checkpoint at step {self._saving} was not saved: {_reason(error)}; the run goes on"
            f" (kept: {kept})"
        )

    def _sweep(self) -> None:
        """Removes the remains of interrupted saves and deletions, which would fill the disk."""
        if processes.is_first():
            for part in self._directory.glob(f"*{UNFINISHED}*"):
                shutil.rmtree(part, ignore_errors=True)

    def _delete(self, steps: Iterable[int]) -> None:
        """Deletes checkpoints; each is renamed first, so that no reader finds half of one."""
        if processes.is_first():
            for step in steps:
                part = self._directory / f"{step}{UNFINISHED}-deleted"
                with contextlib.suppress(FileNotFoundError):
                    self._folder(step).rename(part)
                shutil.rmtree(part, ignore_errors=True)
        processes.meet("deleted")

    def _set_aside(self, step: int, damage: str, used: int) -> None:
        if processes.is_first():
            aside = self._directory.with_name(f"{ASIDE}{step}")
            while aside.exists():
                aside = aside.with_name(aside.name + "-again")
            self._folder(step).rename(aside)
            self._say(
                f"checkpoint {step} is unreadable ({damage}); moved to {aside}, using {used}, the"
                " one before it"
            )
        processes.meet(f"unreadable {step}")


def saved_steps(directory: Path) -> list[int]:
    """The steps of complete checkpoints in a directory, oldest first.

    A folder whose name is a number but whose contents are no checkpoint belongs to the user.
    """
    if not directory.is_dir():
        return []
    folders = (path for path in directory.iterdir() if path.name.isascii())
    return sorted(int(path.name) for path in folders if path.name.isdigit() and is_own(path))


def is_own(folder: Path) -> bool:
    """Whether a folder is a checkpoint or the remains of one."""
    if not folder.is_dir():
        return False
    try:
        names = {path.name for path in folder.iterdir()}
    except FileNotFoundError:  # deleted meanwhile
        return False
    return not names or bool(names & {ITEM, "_CHECKPOINT_METADATA"})


def read_newest(directory: Path, like: Like, say: Say = print) -> TrainState | None:
    """The newest readable state, as NumPy arrays; None if there is no checkpoint. Moves nothing.

    Another process may write there at the same time. Checkpoints that it deletes meanwhile are
    skipped.

    Raises:
      InputError: none of the checkpoints can be read, or the newest readable one holds other
        arrays.
    """
    steps: list[int] = []
    for _ in range(3):
        before, steps = steps, saved_steps(directory)
        if before and steps == before:
            raise InputError(f"run: no checkpoint in {directory} can be read")
        for step in reversed(steps):
            folder = directory / str(step)
            try:
                damage = sums.differing(folder)
                if not damage:
                    wanted = like(step)
                    with _quiet():
                        _compare(folder, wanted)
                        return _filled(wanted, _like(saved(wanted), _read(folder)))
            except Exception as error:
                if folder.is_dir() and not _is_damage(error):
                    raise
                damage = first_line(error)
            if folder.is_dir():
                say(f"checkpoint {step} is unreadable ({damage})")
    return None


def abstract(state: TrainState, shardings: Any) -> TrainState:
    """The shapes of ``state`` with the given shardings, one per leaf; a target for ``restore``."""
    return jax.tree.map(
        lambda x, sharding: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding),
        state,
        shardings,
    )


def _read(checkpoint: Path) -> Any:
    """All arrays of a checkpoint on the host, as nested dicts and lists."""
    numpy = jax.tree.map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), _metadata(checkpoint))
    args = ocp.args.PyTreeRestore(restore_args=numpy)
    return ocp.PyTreeCheckpointHandler().restore(_item(checkpoint), args=args)


def _metadata(checkpoint: Path) -> Any:
    """Shapes and types of the arrays of a checkpoint."""
    return ocp.PyTreeCheckpointHandler().metadata(_item(checkpoint)).tree


def _item(checkpoint: Path) -> Any:
    """The folder of the arrays, as an absolute path."""
    return (checkpoint / ITEM).absolute()


def _damage(checkpoint: Path) -> str:
    """Why a checkpoint cannot be decoded; "" if it can.

    Raises:
      Exception: an error of the machine (memory, permission), which proves no damage.
    """
    try:
        changed = sums.differing(checkpoint)
        if changed is not None:
            return changed
        _read(checkpoint)
    except Exception as error:  # Orbax and TensorStore raise ValueError and Exception itself
        if not _is_damage(error):
            raise
        return first_line(error)
    return ""


def _reason(error: Exception) -> str:
    """Why a save failed, in a few words: TensorStore's message for a full disk is a page long."""
    full = "RESOURCE_EXHAUSTED" in str(error) or getattr(error, "errno", 0) == errno.ENOSPC
    return "no space left on the disk" if full else first_line(error)


def _is_damage(error: Exception) -> bool:
    """Whether an error while reading proves that the files are damaged."""
    if isinstance(error, FileNotFoundError):
        return True
    if isinstance(error, InputError | OSError | MemoryError) or any(
        word in str(error) for word in PASSING
    ):
        return False
    return isinstance(error, ValueError | KeyError | TypeError) or type(error) is Exception


def _compare(checkpoint: Path, wanted: TrainState) -> None:
    """Raises InputError, which names the first array whose shape differs from the wanted one."""
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
    """The arrays ``read``, in a tree with the structure of ``wanted``."""
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
    """Silences the pages that Orbax and TensorStore print for each error that they also raise."""

    def is_news(record: logging.LogRecord) -> bool:
        return f"{os.sep}orbax{os.sep}" not in record.pathname

    def hook(unraisable: Any) -> None:
        # TensorStore's threads go on for a while after a save has failed.
        if "Event loop is closed" not in str(unraisable.exc_value):
            before(unraisable)

    logger, before = logging.getLogger("absl"), sys.unraisablehook
    logger.addFilter(is_news)
    sys.unraisablehook = hook
    try:
        yield
    finally:
        logger.removeFilter(is_news)
        if sys.unraisablehook is hook:
            sys.unraisablehook = before
