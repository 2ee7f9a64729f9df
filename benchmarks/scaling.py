"""Images per second along one axis: ``python -m benchmarks.scaling [CONFIG] --over batch``.

README.md describes the measurement. On a CPU the devices are virtual: they show the cost of
splitting, not the gain of more hardware.
"""

import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from jaxgan import cli
from jaxgan.run import configs
from jaxgan.run.config import Run
from jaxgan.system.devices import Parallel

VALUES = {
    "batch": (8, 16, 32, 64, 128),
    "resolution": (16, 32, 64),
    "devices": (1, 2, 4),
    "n_critic": (1, 2, 5),
}
"""Default values of each axis."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """Measures the compiled step along one axis."""

    config: Annotated[str | None, tyro.conf.Positional] = None
    """Name or file of a config; None: the default experiment."""
    over: Literal["batch", "resolution", "devices", "n_critic"] = "batch"
    """Axis to vary."""
    values: tuple[int, ...] = ()
    """Values on the axis; empty: those in README.md."""
    seconds: float = 3.0
    """Length of each measurement in seconds."""
    plot: str | None = None
    """Output FILE.png for a plot."""
    state: Literal["replicated", "sharded"] = "replicated"
    """Placement of the state, for ``--over devices``."""


def at(run: Run, over: str, value: int) -> Run:
    """The run at one value of an axis."""
    if over == "batch":
        return replace(run, data=replace(run.data, batch_size=value))
    if over == "resolution":
        return replace(run, data=replace(run.data, image_size=value))
    if over == "n_critic":
        return replace(run, algorithm=replace(run.algorithm, n_critic=value))
    return run


def measure(run: Run, seconds: float, state: str = "replicated") -> dict[str, float]:
    """Images per second of the last leg's step, and the bytes of state on the first device."""
    import jax

    from benchmarks.throughput import spec_of, synthetic, windows
    from jaxgan.core.leg import legs
    from jaxgan.system.devices import Devices, leading

    devices = Devices(parallel=Parallel(state=state))  # pyright: ignore
    *_, leg = legs(run.algorithm.build(spec_of(run, step_only=True)), run.steps)
    algorithm = leg.algorithm
    devices.check(run.data.batch_size)
    batch, key = synthetic(spec_of(run, True), run.data.batch_size, algorithm), jax.random.key(0)
    current = devices.init(algorithm, key, batch)
    step = devices.step(algorithm, current)
    batch = devices.place(batch, leading(algorithm))
    held = bytes_on_one_device(current)

    def call() -> Any:
        nonlocal current
        current, metrics = step(current, batch, key)
        return metrics

    images = run.data.batch_size * algorithm.batches_per_step
    return {
        "images_per_second": images / statistics.median(windows(call, seconds)),
        "state_mib": held / 2**20,
    }


def bytes_on_one_device(state: Any) -> int:
    """The bytes of all leaves that the first device holds."""
    import jax

    return sum(
        leaf.addressable_shards[0].data.nbytes
        for leaf in jax.tree.leaves(state)
        if not jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    )


def in_process(command: Command, count: int) -> dict[str, float]:
    """:func:`measure` in a separate process, with a number of virtual CPU devices."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={count}"
    arguments = [command.config] if command.config else []
    arguments += ["--over", "batch", "--state", command.state, "--seconds", str(command.seconds)]
    load = "configs.find_config(c.config or 'cgan_digits')"
    code = (
        "import sys, json; from benchmarks.scaling import *; from benchmarks import scaling\n"
        f"c = cli.parse(Command, None, {arguments!r}, 'scaling'); run = {load}\n"
        "print(json.dumps(scaling.measure(run, c.seconds, c.state)))"
    )
    env = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    import json

    return json.loads(done.stdout.strip().splitlines()[-1])


def plot(path: Path, over: str, rows: list[dict[str, float]]) -> None:
    """Plots images per second against the axis, as a PNG file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(xlabel=over, ylabel="images a second")
    axes.plot([r[over] for r in rows], [r["images_per_second"] for r in rows], marker="o")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main(args: list[str]) -> None:
    """The command."""
    command = cli.parse(Command, None, args, "python -m benchmarks.scaling")
    run = configs.find_config(command.config or "cgan_digits")
    print(f"{command.over:>10}  images/s  state MiB on a device")
    rows = []
    for value in command.values or VALUES[command.over]:
        if command.over == "devices":
            row = in_process(command, value)
        else:
            row = measure(at(run, command.over, value), command.seconds)
        rows.append({command.over: value, **row})
        print(f"{value:>10}  {row['images_per_second']:8,.0f}  {row['state_mib']:.2f}", flush=True)
    if command.plot:
        plot(Path(command.plot), command.over, rows)


if __name__ == "__main__":
    cli.main(main)
