"""How many steps one compiled call takes, where the config does not say."""

import math
from collections.abc import Iterable

import jax

from jaxgan.run.config import INTERVALS, Run, flat_values
from jaxgan.typing import Batch

MOST = {"cpu": 8}
MOST_ELSEWHERE = 16
"""Steps in a call at most, by backend: on a CPU the memory of one step serves the next, on an
accelerator the host dispatches less often."""

BYTES = {"cpu": 2**20}
BYTES_ELSEWHERE = 2**26
"""Bytes of a call's batches at most. On a CPU large batches mean long steps, and between two calls
alone a run heeds a signal and moves its progress bar."""


def steps_per_call(
    run: Run, batch: Batch, bounds: Iterable[int] = (), backend: str | None = None
) -> int:
    """Steps in one compiled call: ``run.steps_per_call``, or as many as pay.

    None chooses the largest number that divides the run's steps, its intervals and ``bounds``, up
    to 8 on a CPU and 16 elsewhere, whose batches take at most 1 MiB on a CPU and 64 MiB elsewhere.

    Args:
      run: the config.
      batch: batches of one step, or their shapes.
      bounds: global steps at which a leg begins or ends.
      backend: the backend; None: JAX's default.
    """
    if run.steps_per_call is not None:
        return run.steps_per_call
    backend = backend or jax.default_backend()
    values = flat_values(run)
    common = math.gcd(run.steps, *(values[name] for name in INTERVALS), *bounds)
    size = sum(math.prod(x.shape) * x.dtype.itemsize for x in jax.tree.leaves(batch))
    fit = BYTES.get(backend, BYTES_ELSEWHERE) // max(1, size)
    most = min(MOST.get(backend, MOST_ELSEWHERE), fit)
    return max((k for k in range(1, most + 1) if common % k == 0), default=1)
