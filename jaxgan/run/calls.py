"""How many steps one compiled call takes, where the config does not say."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr

from jaxgan.core import Update
from jaxgan.run.config import INTERVALS, Run, flat_values

CPU = 8, 2**20
"""Largest number of steps in a call, and of bytes of its batches, on a CPU: the memory of one step
serves the next. Large batches mean long steps there, and a run reacts to a signal between calls."""

ELSEWHERE = 16, 2**26
"""The same on an accelerator, where the host dispatches less often."""


def steps_per_call(
    run: Run,
    step: Update,
    arguments: tuple[Any, Any, Any],
    bounds: Iterable[int] = (),
    backend: str | None = None,
) -> int:
    """Steps in one compiled call: ``run.steps_per_call``, or as many as pay.

    None chooses the largest number that divides the run's steps, its intervals and ``bounds``, up
    to 8 on a CPU and 16 elsewhere, whose batches take at most 1 MiB on a CPU and 64 MiB elsewhere.
    On a CPU it chooses 1 if the step is :func:`slow_in_a_loop`.

    Args:
      run: the config.
      step: one training step.
      arguments: state, batches and root key of one step, or their shapes.
      bounds: global steps at which a leg begins or ends.
      backend: the backend; None: JAX's default.
    """
    if run.steps_per_call is not None:
        return run.steps_per_call
    backend = backend or jax.default_backend()
    values = flat_values(run)
    common = math.gcd(run.steps, *(values[name] for name in INTERVALS), *bounds)
    size = sum(math.prod(x.shape) * x.dtype.itemsize for x in jax.tree.leaves(arguments[1]))
    steps, room = CPU if backend == "cpu" else ELSEWHERE
    most = min(steps, room // max(1, size))
    most = max((k for k in range(1, most + 1) if common % k == 0), default=1)
    if most > 1 and backend == "cpu" and slow_in_a_loop(jax.make_jaxpr(step)(*arguments).jaxpr):
        return 1
    return most


def slow_in_a_loop(jaxpr: Jaxpr) -> bool:
    """Whether XLA's CPU backend runs some convolution of a program by a naive loop in a scan.

    It does so, 5 to 120 times slower than outside, where a convolution is not in the layouts NHWC,
    HWIO, NHWC: the gradients of ``flax.linen.Conv`` are not, those of ``jaxgan.ops.Conv`` are.
    """
    return any(
        eqn.primitive.name == "conv_general_dilated" and not _canonical(eqn.params)
        for eqn in _equations(jaxpr)
    )


def _canonical(params: dict[str, Any]) -> bool:
    numbers = params["dimension_numbers"]
    n = len(numbers.lhs_spec)
    image, kernel = (0, n - 1, *range(1, n - 1)), (n - 1, n - 2, *range(n - 2))
    return tuple(numbers) == (image, kernel, image)


def _equations(jaxpr: Jaxpr) -> Iterator[Any]:
    """The equations of a program and of all in it; of branches by platform those of a CPU."""
    for eqn in jaxpr.eqns:
        yield eqn
        params = dict(eqn.params)
        if platforms := params.get("branches_platforms"):
            own = [p is None or "cpu" in p for p in platforms].index(True)
            params["branches"] = [params["branches"][own]]
        for value in params.values():
            for inner in value if isinstance(value, list | tuple) else [value]:
                if isinstance(inner, ClosedJaxpr):
                    yield from _equations(inner.jaxpr)
                elif isinstance(inner, Jaxpr):
                    yield from _equations(inner)
