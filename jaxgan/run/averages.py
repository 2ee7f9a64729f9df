"""Power-function averages: stored during training, combined into an average of any width later."""

import re
from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError, numpy

from jaxgan.core.power import MEMORY, coefficients, exponent
from jaxgan.errors import InputError, first_line
from jaxgan.run import directory
from jaxgan.run.checkpoint import Checkpoints
from jaxgan.run.opened import read_state
from jaxgan.system.files import write_whole

FOLDER = "averages"


def store(out: Path, averages: Any, step: int) -> None:
    """Writes the averages at a step; tree i of ``averages`` is stored under the prefix ``i/``."""
    flat = {
        f"{i}/{jax.tree_util.keystr(path, simple=True, separator='/')}": np.asarray(leaf)
        for i, tree in enumerate(averages)
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }
    (out / FOLDER).mkdir(exist_ok=True)
    write_whole(out / FOLDER / f"{step:08}.safetensors", numpy.save(flat))


def stored(out: Path) -> dict[int, Path]:
    """The files of stored averages, by step, oldest first."""
    files = sorted((out / FOLDER).glob("*.safetensors"))
    return {int(path.stem): path for path in files if re.fullmatch(r"\d{8,}", path.stem)}


def reconstruct(out: Path, width: float, new: Path, config_file: str | None = None) -> str:
    """Makes a run directory whose averaged weights are the power-function average of a given width.

    The average is the one at the last stored step.

    Args:
      out: a run that stored averages.
      width: sigma_rel, as a fraction of the steps trained.
      new: the directory to make.
      config_file: the config, for a run with nets that are not jaxgan's own.

    Returns:
      What was made, in words.

    Raises:
      InputError: the run stored no averages, the width is out of range, or ``new`` holds files.
    """
    run, facts, _, state = read_state(out, config_file)
    files, gamma = stored(out), exponent(width)
    if not files:
        raise InputError(f"run: {out} stored no averages; train it with --averages.every")
    if new.exists() and (not new.is_dir() or any(new.iterdir())):
        raise InputError(f"out: {new} is a file or holds files; name a new directory")
    gammas = [exponent(w) for w in run.averages.widths]
    steps = np.repeat(np.array([*files], np.float64), len(gammas))
    weights = coefficients(steps, np.tile(gammas, len(files)), float(max(files)), gamma)
    total = _combined([*files.values()], weights.reshape(len(files), -1))
    player = state.players[run.averages.player]
    average = jax.tree_util.tree_map_with_path(
        lambda path, leaf: total[_text(path)].astype(leaf.dtype), state.memory[MEMORY][0]
    )
    player = player.replace(
        variables={**player.variables, **average},
        average=None if player.average is None else average,
    )
    made = state.replace(players={**state.players, run.averages.player: player}, frozen=None)
    directory.prepare(new, run, facts)
    checkpoints = Checkpoints(new / "checkpoints")
    checkpoints.save(made, int(state.step))
    checkpoints.finish(int(state.step))
    checkpoints.close()
    return f"width {width:g} at step {max(files)} of {len(files)} stored averages"


def _combined(files: list[Path], weights: np.ndarray) -> dict[str, np.ndarray]:
    total: dict[str, np.ndarray] = {}
    for path, row in zip(files, weights, strict=True):
        try:
            arrays = numpy.load_file(path)
        except (OSError, SafetensorError) as error:
            raise InputError(f"run: {path} cannot be read ({first_line(error)})") from None
        for key, array in arrays.items():
            number, _, name = key.partition("/")
            part = row[int(number)] * array.astype(np.float64)
            total[name] = total.get(name, 0.0) + part
    return total


def _text(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")
