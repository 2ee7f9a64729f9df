"""The process of a contender, which imports its own library only, and its measurements."""

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.contenders import Runner
from benchmarks.workloads import WORKLOADS, random_bytes

WARMUP = 2
"""Number of warm-up calls, after the first call and before the first window."""


def work(task: str) -> None:
    """Builds the contender of a task, then answers each number of calls on stdin with its seconds.

    Answers are lines of JSON on the original stdout; prints go to stderr. An exception of the
    contender is the last answer.

    Args:
      task: JSON with ``module``, ``form``, ``workload`` and ``batch_size``.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        for values in _answers(**json.loads(task)):
            print(json.dumps(values), file=answers, flush=True)
    except Exception as error:
        text = next(iter(str(error).strip().splitlines()), "")
        print(json.dumps({"error": f"{type(error).__name__}: {text}"}), file=answers, flush=True)


def _answers(
    module: str, form: str, workload: str, batch_size: int | None
) -> Iterator[dict[str, Any]]:
    """Measurements of the first call, then of each window that stdin requests."""
    this = WORKLOADS[workload]
    arrays = random_bytes(this, batch_size or this.batch_size)
    runner = importlib.import_module(module).build(this, arrays, form)
    start = time.perf_counter()
    runner.wait(runner.call())
    seconds = time.perf_counter() - start
    for _ in range(WARMUP):
        runner.wait(runner.call())
    yield {"version": runner.version, "compile_seconds": seconds, "steps": runner.steps}
    for line in sys.stdin:
        yield {"seconds": _window(runner, int(line)), "peak_mib": _peak_mib()}


def _window(runner: Runner, calls: int) -> float:
    """Seconds of a number of calls, after one that isn't counted; waits only at the end."""
    runner.wait(runner.call())
    start, result = time.perf_counter(), None
    for _ in range(calls):
        result = runner.call()
    runner.wait(result)
    return time.perf_counter() - start


def _peak_mib() -> float:
    torch, jax = sys.modules.get("torch"), sys.modules.get("jax")
    if torch is not None and torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    if jax is not None and (stats := jax.local_devices()[0].memory_stats()):
        return stats["peak_bytes_in_use"] / 2**20
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
