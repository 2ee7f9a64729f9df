"""What a run would be, without running it: config, parameters, memory and flops."""

import math
from typing import Any

import jax

from jaxgan.core import Spec, advance
from jaxgan.run import config
from jaxgan.run.config import Run
from jaxgan.system.devices import Devices, leading


def describe(run: Run, spec: Spec) -> str:
    """The resolved config, the parameter table and the compiled step's cost, as text."""
    config.check(run)
    algorithm, devices = run.algorithm.build(spec), Devices(parallel=run.parallel)
    devices.check(run.data.batch_size)
    batch = spec.batch(run.data.batch_size, algorithm.batches_per_step)
    key = jax.random.key(run.seed)
    state = jax.eval_shape(algorithm.init, key, batch)
    compiled = devices.lower(advance(algorithm), leading(algorithm), state, batch, key).compile()
    lines = [f"{name} = {value}" for name, value in config.flatten(config.encode(run))]
    for name, player in state.players.items():
        lines += ["", f"{name}:", *_table(player.variables["params"])]
    return "\n".join([*lines, "", *_cost(compiled)])


def _table(params: Any) -> list[str]:
    rows = [
        ("/".join(k.key for k in path), leaf.shape)
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
    ]
    total = sum(math.prod(shape) for _, shape in rows)
    width = max(len(path) for path, _ in rows)
    lines = [f"  {path:{width}}  {math.prod(s):>12,}  {s}" for path, s in rows]
    return [*lines, f"  {'total':{width}}  {total:>12,}"]


def _cost(compiled: Any) -> list[str]:
    """XLA's own analysis, which counts the body of a loop (n_critic) once."""
    cost, memory = compiled.cost_analysis(), compiled.memory_analysis()
    held = memory.argument_size_in_bytes / 2**20
    working = memory.temp_size_in_bytes / 2**20
    return [
        f"one step: {cost['flops'] / 1e9:.2f} GFLOP (XLA's count; a loop's body counts once)",
        f"memory: {held:.1f} MiB of state and batch, {working:.1f} MiB of work space",
    ]
