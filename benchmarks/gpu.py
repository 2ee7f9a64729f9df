"""Measurements that need a GPU: ``python -m benchmarks.gpu``. It also runs on a CPU, for its test.

Six parts: the convolutions that each step runs, training steps against PyTorch's forms, the loop
beside the step, the effect of single XLA flags, the difference of bfloat16's losses from float32's,
and the seconds of FID. README.md describes the measurements.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro

from benchmarks import compare, convolutions, fid, throughput
from benchmarks.contenders import CONTENDERS, GPU_CONTENDERS
from benchmarks.workloads import WORKLOADS
from jaxgan import cli
from jaxgan.run import configs
from jaxgan.run.config import Run

DEFAULT = ("dcgan_28", "dcgan_64", "wgan_gp_32", "cyclegan_256")
PARTS = ("convolutions", "steps", "loop", "flags", "bfloat16", "fid")
LOOPS = ("cgan_digits", "dcgan_digits")
"""Configs whose data come with scikit-learn."""
COLUMNS = {**compare.COLUMNS, "of matmul": ("share_of_matmul", 9, ".1%")}
"""Columns of the steps' tables: also FLOP/s relative to a matrix product of the same precision."""
FLAGS = {
    "as it is": "",
    "no command buffers": "--xla_gpu_enable_command_buffer=",
    "autotuning 0": "--xla_gpu_autotune_level=0",
    "no Triton products": "--xla_gpu_enable_triton_gemm=false",
    "latency hiding": "--xla_gpu_enable_latency_hiding_scheduler=true",
}
"""Values of XLA_FLAGS, by name."""
CONTROL = 1.0001
"""Factor of the learning rate in the control run: its effect grows from almost nothing."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """Measures jaxgan and PyTorch on this machine's GPU."""

    workloads: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Names of workloads; empty: those at full width."""
    parts: tuple[str, ...] = PARTS
    """Parts to measure."""
    rounds: int = 5
    """Number of windows per contender."""
    seconds: float = 5.0
    """Total length in seconds of a contender's windows."""
    batch_size: int | None = None
    """Batch size, instead of the workloads' own."""
    out: str | None = None
    """Output FILE.json for the results."""


def kernels(command: Command) -> list[dict[str, Any]]:
    """The convolutions of one step of every workload, by kind."""
    rows = []
    for name in command.workloads or DEFAULT:
        size = command.batch_size or WORKLOADS[name].batch_size
        found = convolutions.of_step(WORKLOADS[name], size)
        print(f"{name:20} " + ", ".join(f"{kind} {n}" for kind, n in sorted(found.items())))
        rows.append({"workload": name, "batch_size": size, **found})
    return rows


def steps(command: Command) -> list[dict[str, Any]]:
    """Measures every workload; returns its table."""
    CONTENDERS.update(GPU_CONTENDERS)
    os.environ[compare.GPU] = "1"
    names = ["jaxgan", "jaxgan-x1", *GPU_CONTENDERS]
    plan = compare.Command(
        rounds=command.rounds, seconds=command.seconds, batch_size=command.batch_size
    )
    peaks = matmul_peaks(command.seconds)
    tables = []
    for workload in command.workloads or DEFAULT:
        rows = compare.compare(workload, names, plan)
        size = command.batch_size or WORKLOADS[workload].batch_size
        add_shares(rows, convolutions.flops_of_step(WORKLOADS[workload], size), peaks)
        print(compare.report(workload, rows, size, COLUMNS), flush=True)
        tables.append({"workload": workload, "batch_size": size, "rows": rows})
    return tables


def matmul_peaks(seconds: float) -> dict[str, float]:
    """FLOP/s of a large matrix product, by precision."""
    measured = throughput.matmul_flops_per_second
    peaks = {
        "highest": measured("float32", seconds, "highest"),
        "default": measured("float32", seconds),
        "bf16": measured("bfloat16", seconds),
    }
    print("matrix product, TFLOP/s:", {name: round(p / 1e12, 2) for name, p in peaks.items()})
    return peaks


def add_shares(rows: list[dict[str, Any]], flops: float, peaks: dict[str, float]) -> None:
    """Adds ``share_of_matmul`` to the rows that were measured.

    Args:
      rows: one row per contender.
      flops: FLOPs of jaxgan's step, which stand for every contender's.
      peaks: FLOP/s of a matrix product, by :func:`matmul_peaks`.
    """
    for row in rows:
        words = row["contender"].split("-")
        precision = next((p for p in ("highest", "bf16") if p in words), "default")
        if row["ms_per_step"] is not None:
            row["share_of_matmul"] = 1000 * flops / row["ms_per_step"] / peaks[precision]


def loop(seconds: float, arguments: Sequence[str] = LOOPS) -> list[dict[str, Any]]:
    """``benchmarks.throughput`` of configs: the step and the loop."""
    found = _throughput(seconds, arguments)
    if isinstance(found, str):
        print(f"loop: {found}", flush=True)
        return [{"status": found}]
    print("\n".join([throughput.header(), *map(throughput.line, found)]), flush=True)
    return [{"status": "ok", **row} for row in found]


def flags(seconds: float, arguments: Sequence[str] = ()) -> list[dict[str, Any]]:
    """``benchmarks.throughput`` of the default experiment under each of :data:`FLAGS`."""
    rows = []
    for name, value in FLAGS.items():
        found = _throughput(seconds, ["--step-only", *arguments], value)
        one = {"status": found} if isinstance(found, str) else {"status": "ok", **found[0]}
        print(f"{name:20} {one.get('step_images_per_second', one['status'])}", flush=True)
        rows.append({"flags": name, **one})
    return rows


def _throughput(
    seconds: float, arguments: Sequence[str], xla_flags: str = ""
) -> list[dict[str, Any]] | str:
    """The rows of ``benchmarks.throughput`` in a process of its own, or the last line it said."""
    xla_flags = f"{os.environ.get('XLA_FLAGS', '')} {xla_flags}".strip()  # a blank names a file
    env = {**os.environ, "XLA_FLAGS": xla_flags}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        command = [sys.executable, "-m", "benchmarks.throughput", *arguments]
        command += ["--seconds", str(seconds), "--out", str(out)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        rows: list[dict[str, Any]] = json.loads(out.read_text())["rows"]
        return rows


def bfloat16(run: Run, count: int = 200) -> dict[str, dict[str, float]]:
    """Relative differences of losses from float32, in means over a run's first ``count`` steps.

    They are measured for bfloat16, and for float32 with another learning rate: :data:`CONTROL`.
    """
    adam = run.algorithm.generator_optimizer
    other = replace(adam, lr=adam.lr * CONTROL)
    rules = {"generator_optimizer": other, "discriminator_optimizer": other}
    full = _mean_losses(run, count)
    forms = {
        "bfloat16": _mean_losses(run, count, compute_dtype="bfloat16"),
        "control": _mean_losses(run, count, **rules),
    }
    return {
        form: {name: abs(means[name] - full[name]) / abs(full[name]) for name in full}
        for form, means in forms.items()
    }


def _mean_losses(run: Run, count: int, **changes: Any) -> dict[str, float]:
    import jax
    import numpy as np

    from jaxgan.run.session import open_stages
    from jaxgan.system.devices import Devices

    run = replace(run, steps=count, algorithm=replace(run.algorithm, **changes))
    run = replace(run, data=replace(run.data, on_device=True))  # without TensorFlow
    root = jax.random.key(run.seed)
    (stage,), _ = open_stages(run, Devices())
    state, kept = stage.init(root), []
    for call in stage.calls(0):
        state, metrics = call(state, root)
        kept.append(metrics)
    kept = jax.device_get(kept)
    return {
        name: float(np.mean([metrics[name] for metrics in kept]))
        for name in kept[0]
        if name.endswith("_loss")
    }


def main(args: list[str]) -> None:
    """The command."""
    command = cli.parse(Command, None, args, "python -m benchmarks.gpu")
    compare.choose("workloads", command.workloads, list(WORKLOADS))
    compare.choose("parts", command.parts, list(PARTS))
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # memory is the contenders'
    result: dict[str, Any] = compare.machine()
    print(", ".join(f"{name} {value}" for name, value in result.items()))
    if "convolutions" in command.parts:
        result["convolutions"] = kernels(command)
    if "steps" in command.parts:
        result["steps"] = steps(command)
    if "loop" in command.parts:
        result["loop"] = loop(command.seconds)
    if "flags" in command.parts:
        result["flags"] = flags(command.seconds)
    if "bfloat16" in command.parts:
        result["bfloat16"] = bfloat16(configs.find_config("cgan_digits"))
        print("mean losses against float32's, relative differences:", result["bfloat16"])
    if "fid" in command.parts:
        result["fid"] = fid.measure(fid.Command(images=5000, batch_size=256))
    if command.out:
        Path(command.out).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    cli.main(main)
