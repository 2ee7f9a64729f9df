"""A dry run's description: the config, and each leg's parameters, memory and FLOPs."""

import math
from typing import Any

import jax

from jaxgan.run import config
from jaxgan.run.config import Run
from jaxgan.run.session import open_stages, placed
from jaxgan.run.stage import Stage
from jaxgan.system.devices import Devices, open_devices


def describe(run: Run, devices: Devices | None = None) -> str:
    """The resolved config, and for each leg its parameters and the cost of a compiled step.

    Raises:
      InputError: for bad input.
    """
    config.check(run)
    stages, _ = open_stages(run, placed(run, devices or open_devices(run.parallel)))
    lines = [f"{name} = {value}" for name, value in config.flatten(config.encode(run))]
    for stage in stages:
        if len(stages) > 1:
            lines += ["", f"leg {stage.index + 1}, steps {stage.first + 1} to {stage.last}"]
        lines += _describe(stage)
    return "\n".join(lines)


def _describe(stage: Stage) -> list[str]:
    lines = []
    for name, player in stage.like.players.items():
        lines += ["", f"{name}:", *_table(player.variables["params"])]
    return [*lines, "", *cost(stage.lower().compile())]


def _table(params: Any) -> list[str]:
    rows = [
        (jax.tree_util.keystr(path, simple=True, separator="/"), leaf.shape)
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
    ]
    total = sum(math.prod(shape) for _, shape in rows)
    width = max(len(path) for path, _ in rows)
    lines = [f"  {path:{width}}  {math.prod(s):>12,}  {s}" for path, s in rows]
    return [*lines, f"  {'total':{width}}  {total:>12,}"]


def cost(compiled: Any) -> list[str]:
    """Lines with XLA's FLOPs and memory; XLA counts the body of a loop (n_critic) only once."""
    cost, memory = compiled.cost_analysis(), compiled.memory_analysis()
    held = memory.argument_size_in_bytes / 2**20
    working = memory.temp_size_in_bytes / 2**20
    return [
        f"one step: {cost['flops'] / 1e9:.2f} GFLOP (XLA's count; a loop's body counts once)",
        f"memory: {held:.1f} MiB of state and batch, {working:.1f} MiB of work space",
    ]
