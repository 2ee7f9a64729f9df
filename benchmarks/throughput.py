"""Training speed of configs on this machine: ``python -m benchmarks.throughput [CONFIG.py ...]``.

README.md describes the columns and the measurement.
"""

import contextlib
import dataclasses
import functools
import io
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import tyro
from jax.extend.core import ClosedJaxpr, Jaxpr, jaxpr_as_fun
from jax.sharding import NamedSharding, PartitionSpec

from jaxgan import cli
from jaxgan.core import Algorithm, Feature, Spec, advance, several
from jaxgan.core.leg import legs
from jaxgan.core.sharding import AXIS
from jaxgan.data.dataset import open_dataset
from jaxgan.errors import InputError
from jaxgan.run import config, configs
from jaxgan.run.calls import steps_per_call
from jaxgan.run.config import Run
from jaxgan.run.logging import read_records
from jaxgan.system.devices import Devices, leading
from jaxgan.typing import Batch

WINDOWS = 5
"""Number of timed windows; the median counts."""
RECORDS = 4
"""Smallest number of records of the loop, after the first, which includes compilation."""
CLASSES = 10
"""Number of classes of synthetic labels; methods without classes ignore them."""
MATMUL = {"cpu": 2048, "gpu": 8192, "tpu": 8192}
"""Number of rows of the square matrices, by backend."""
COLUMNS = {
    "batch": ("batch_size", 5, "d"),
    "step img/s": ("step_images_per_second", 10, ",.0f"),
    "loop img/s": ("loop_images_per_second", 10, ",.0f"),
    "compile s": ("compile_seconds", 9, ".1f"),
    "peak MiB": ("peak_memory_mib", 8, ",.0f"),
    "GFLOP/step": ("gflop_per_step", 10, ",.3f"),
    "GFLOP/s": ("gflop_per_second", 9, ",.1f"),
    "of matmul": ("share_of_matmul", 9, ".1%"),
}
"""Columns by title, after the config's name: field of a row, width, format."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """Measures the training speed of configs on this machine."""

    configs: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Names or files of configs; empty: the default experiment."""
    seconds: float = 5.0
    """Length of each measurement, in seconds."""
    step_only: bool = False
    """Measurement of the step only: no data are opened, and TensorFlow isn't imported."""
    out: str | None = None
    """Output FILE.json for the results."""
    batch_size: int | None = None
    """Batch size, instead of the configs' data.batch_size."""
    image_size: int | None = None
    """Image size in pixels, instead of the configs' data.image_size."""


# Clocks.


def windows(call: Callable[[], Any], seconds: float) -> list[float]:
    """Seconds per call, in each of :data:`WINDOWS` windows that last ``seconds`` together.

    A window waits for the device only at its end, so calls queue as they do in training.
    """
    jax.block_until_ready(call())
    guess = _window(call, 3)
    count = max(1, round(seconds / WINDOWS / guess))
    return [_window(call, count) for _ in range(WINDOWS)]


def _window(call: Callable[[], Any], count: int) -> float:
    start, result = time.perf_counter(), None
    for _ in range(count):
        result = call()
    jax.block_until_ready(result)
    return (time.perf_counter() - start) / count


@functools.cache
def matmul_flops_per_second(dtype: str, seconds: float, precision: str = "default") -> float:
    """FLOP/s of a large square matrix product over all devices."""
    devices, n = Devices(), MATMUL[jax.default_backend()]
    rows = NamedSharding(devices.mesh, PartitionSpec(AXIS))
    product = jax.jit(
        functools.partial(jnp.matmul, precision=precision),
        in_shardings=(rows, devices.replicated),
        out_shardings=rows,
    )
    a = jax.device_put(jnp.ones((n, n), dtype), rows)
    b = jax.device_put(jnp.ones((n, n), dtype), devices.replicated)
    return 2 * n**3 / statistics.median(windows(lambda: product(a, b), seconds))


# Flops.


def flops(function: Callable[..., Any], *args: Any) -> float:
    """FLOPs of one call, by XLA's count of the program before its optimisation.

    XLA counts the body of a loop once; here the body of a ``lax.scan`` (n_critic) counts ``length``
    times. A ``lax.cond`` counts as its most expensive branch, a ``while_loop`` as one iteration.
    """
    return _jaxpr_flops(jax.make_jaxpr(function)(*args))


def _jaxpr_flops(jaxpr: ClosedJaxpr) -> float:
    total = _xla_flops(jaxpr)
    for length, body in _scans(jaxpr.jaxpr):
        total += length * _jaxpr_flops(body) - _xla_flops(body)
    return total


def _xla_flops(jaxpr: ClosedJaxpr) -> float:
    lowered = jax.jit(jaxpr_as_fun(jaxpr)).lower(*jaxpr.in_avals)
    cost: Any = lowered.cost_analysis()
    return float(cost.get("flops", 0.0))


def _scans(jaxpr: Jaxpr) -> Iterator[tuple[int, ClosedJaxpr]]:
    """``(length, body)`` of the outermost scans."""
    for equation in jaxpr.eqns:
        if equation.primitive.name == "scan":
            yield equation.params["length"], equation.params["jaxpr"]
            continue
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_jaxpr):
            if _is_jaxpr(inner):
                yield from _scans(getattr(inner, "jaxpr", inner))


def _is_jaxpr(value: Any) -> bool:
    return isinstance(value, ClosedJaxpr | Jaxpr)


# One config.


def measure(run: Run, seconds: float, step_only: bool) -> dict[str, Any]:
    """Measures a config; returns its row. For a method in legs: the last leg's step, no loop."""
    config.check(run)
    spec = spec_of(run, step_only)
    *before, leg = legs(run.algorithm.build(spec), run.steps)
    algorithm = leg.algorithm
    run = dataclasses.replace(run, data=dataclasses.replace(run.data, **leg.data))
    batch = synthetic(spec, run.data.batch_size, algorithm)
    images = algorithm.batches_per_step * run.data.batch_size
    timed = time_step(algorithm, batch, images, run, seconds)
    step_seconds, memory = timed["step_seconds"], peak_memory()  # before other memory is used
    return {
        "config": run.name,
        "image_shape": next(f.shape for f in spec.features.values()),
        "batch_size": run.data.batch_size,
        "batches_per_step": algorithm.batches_per_step,
        "images_per_step": images,
        **timed,
        **memory,
        **work(run, algorithm, batch, step_seconds, seconds),
        "loop_images_per_second": None
        if step_only or before
        else time_loop(run, timed["steps_per_call"], step_seconds, seconds),
    }


def spec_of(run: Run, step_only: bool) -> Spec:
    """The features of the data, or synthetic features from the config only.

    Raises:
      InputError: the data are not opened, and the method learns from neither images nor pairs.
    """
    if not step_only:
        return Spec(open_dataset(run.data).features, run.steps)
    size = run.data.image_size
    image = Feature("image", (size, size, run.data.channels or 1))
    pair = Feature("image", (size, size, run.data.channels or 3))
    one = {"image": image, "label": Feature("label", (), CLASSES)}
    for features in (one, {"a": pair, "b": pair}):
        spec = Spec(features, run.steps)
        with contextlib.suppress(InputError):
            run.algorithm.build(spec)
            return spec
    raise InputError(f"step_only: the features of {run.name} are not known without its data")


def synthetic(spec: Spec, batch_size: int, algorithm: Algorithm) -> Batch:
    """A step's batch of random bytes, as black images would give untypical activations."""
    batch = spec.batch(batch_size, algorithm.batches_per_step)
    noise = {
        name: jax.random.bits(jax.random.key(k), batch[name].shape, jnp.uint8)
        for k, (name, feature) in enumerate(spec.features.items())
        if feature.kind == "image"
    }
    return {**batch, **noise}


def time_step(
    algorithm: Algorithm, batch: Batch, images: int, run: Run, seconds: float
) -> dict[str, Any]:
    """Compile time and speed of a compiled call: state donated, batches on the devices."""
    devices = Devices()
    devices.check(run.data.batch_size)
    key = jax.device_put(jax.random.key(run.seed), devices.replicated)
    state = devices.init(algorithm, key, batch)
    step = advance(algorithm)
    count = steps_per_call(run, step, (state, batch, key))
    if count > 1:
        step = several(step, count)
        batch = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (count, *leaf.shape)), batch)
    lead = leading(algorithm, count)
    batch = devices.place(batch, lead)
    start = time.perf_counter()
    compiled = devices.lower(step, lead, state, batch, key).compile()
    compile_seconds = time.perf_counter() - start

    def call() -> Any:
        nonlocal state
        state, metrics = compiled(state, batch, key)
        return metrics

    times = [seconds / count for seconds in windows(call, seconds)]
    return {
        "steps_per_call": count,
        "compile_seconds": compile_seconds,
        "step_seconds": statistics.median(times),
        "step_images_per_second": images / statistics.median(times),
        "step_images_per_second_windows": [images / t for t in times],
    }


def time_loop(run: Run, call: int, step_seconds: float, seconds: float) -> float:
    """Images per second of ``jaxgan.train`` in a temporary directory, from its metrics.jsonl.

    The first record, which includes compilation, is left out. The interval of records is the
    config's, or shorter if steps are so slow that there would be too few records. A call has
    ``call`` steps.
    """
    from jaxgan.run.loop import train  # Imported late: only the loop needs it.

    every = max(1, min(run.log.every, int(seconds / RECORDS / step_seconds)) // call) * call
    records = 1 + max(RECORDS, round(seconds / (every * step_seconds)))
    with tempfile.TemporaryDirectory() as folder:
        log = dataclasses.replace(run.log, every=every)
        changes = {"out": folder, "steps": records * every, "log": log, "steps_per_call": call}
        short = dataclasses.replace(run, **changes)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            if signal := train(short):
                raise KeyboardInterrupt(signal)
        rates = [r["images_per_second"] for r in read_records(Path(folder) / "metrics.jsonl")]
    return statistics.harmonic_mean(rates[1:])  # of records with equally many steps


def work(
    run: Run, algorithm: Algorithm, batch: Batch, step_seconds: float, seconds: float
) -> dict[str, Any]:
    """FLOPs of a step, and its FLOP/s relative to a matrix product on the same devices."""
    key, dtype = jax.random.key(run.seed), getattr(run.algorithm, "compute_dtype", "float32")
    count = flops(advance(algorithm), jax.eval_shape(algorithm.init, key, batch), batch, key)
    peak = matmul_flops_per_second(dtype, seconds)
    return {
        "gflop_per_step": count / 1e9,
        "gflop_per_second": count / step_seconds / 1e9,
        "matmul_dtype": dtype,
        "matmul_gflop_per_second": peak / 1e9,
        "share_of_matmul": count / step_seconds / peak,
    }


def peak_memory() -> dict[str, Any]:
    """Peak memory so far: of the fullest device if JAX reports it, else of the process."""
    stats = [device.memory_stats() or {} for device in jax.local_devices()]
    peaks = [s["peak_bytes_in_use"] for s in stats if "peak_bytes_in_use" in s]
    if peaks:
        return {"peak_memory_mib": max(peaks) / 2**20, "peak_memory_of": "device"}
    unit = 1 if sys.platform == "darwin" else 1024
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return {"peak_memory_mib": resident / 2**20, "peak_memory_of": "process"}


# The command.


def machine() -> dict[str, Any]:
    """The machine and the versions on which the numbers were measured."""
    devices = jax.devices()
    return {
        "jax": jax.__version__,
        "backend": jax.default_backend(),
        "device_kind": devices[0].device_kind,
        "devices": len(devices),
        "cpus": os.cpu_count(),
        "date": time.strftime("%Y-%m-%d"),
    }


def header() -> str:
    """The titles of the columns."""
    titles = [f"{title:>{width}}" for title, (_, width, _) in COLUMNS.items()]
    return "  ".join([f"{'config':16}", *titles])


def line(row: dict[str, Any]) -> str:
    """A row as text, with a dash for what wasn't measured."""
    cells = [f"{row['config']:16}"]
    for name, width, form in COLUMNS.values():
        text = "-" if row[name] is None else format(row[name], form)
        cells.append(f"{text:>{width}}")
    return "  ".join(cells)


def load(command: Command) -> list[Run]:
    """The runs to measure, with the sizes of the command line."""
    runs = [configs.find_config(name) for name in command.configs or ["cgan_digits"]]
    sizes = {
        name: getattr(command, name)
        for name in ("batch_size", "image_size")
        if getattr(command, name) is not None
    }
    return [dataclasses.replace(r, data=dataclasses.replace(r.data, **sizes)) for r in runs]


def main(args: list[str]) -> None:
    """The command."""
    command = cli.parse(Command, None, args, "python -m benchmarks.throughput")
    if command.seconds <= 0:
        raise InputError(f"seconds: {command.seconds} is not above 0")
    if command.out and not Path(command.out).absolute().parent.is_dir():
        raise InputError(f"out: there is no folder {Path(command.out).parent}")
    runs = load(command)
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    print(header())
    rows = []
    for run in runs:
        rows.append(measure(run, command.seconds, command.step_only))
        print(line(rows[-1]), flush=True)
    if command.out:
        result = {**machine(), "seconds": command.seconds, "rows": rows}
        Path(command.out).write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    cli.main(main)
