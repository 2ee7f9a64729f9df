"""How many steps one compiled call takes, where the config does not say."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr

from jaxgan.core import Update
from jaxgan.run.config import INTERVALS, Run, flat_values

CPU = 8
"""Largest number of steps in a call on a CPU, where the memory of one step serves the next."""

ELSEWHERE = 16
"""The same on an accelerator, where the host dispatches less often."""

BYTES = 2**26
"""Largest size of a call's batches."""

FLOPS = 2**39
"""Largest number of floating-point operations in a call on a CPU, some seconds on two cores: a run
reacts to a signal between calls."""


def steps_per_call(
    run: Run,
    step: Update,
    arguments: tuple[Any, Any, Any],
    bounds: Iterable[int] = (),
    backend: str | None = None,
) -> int:
    """Steps in one compiled call: ``run.steps_per_call``, or as many as pay.

    None chooses the largest number that divides the run's steps, its intervals and ``bounds``, up
    to 8 on a CPU and 16 elsewhere, whose batches take at most 64 MiB. On a CPU a call has at most
    2^39 :func:`matmul_flops`, and a step that is :func:`slow_in_a_loop` is called alone.

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
    most = min(CPU if backend == "cpu" else ELSEWHERE, BYTES // max(1, size))
    if backend == "cpu" and min(most, common) > 1:
        program = jax.make_jaxpr(step)(*arguments).jaxpr
        if slow_in_a_loop(program):
            return 1
        most = min(most, FLOPS // max(1, matmul_flops(program)))
    return max((k for k in range(1, most + 1) if common % k == 0), default=1)


def matmul_flops(jaxpr: Jaxpr) -> int:
    """Floating-point operations of a program's convolutions and matrix products.

    Each counts as ``2 m k``: ``m`` outputs, every one a sum of ``k`` products. Products with
    padding and equations without use count too, and both branches of a condition. XLA's own count
    needs the lowered program, which takes up to three seconds more.
    """
    return sum(
        times * 2 * math.prod(eqn.outvars[0].aval.shape) * _products(eqn)
        for eqn, times in _equations(jaxpr)
    )


def _products(eqn: Any) -> int:
    """Number of products in one output of an equation; 0: it multiplies no matrices."""
    if eqn.primitive.name == "conv_general_dilated":
        kernel = eqn.invars[1].aval.shape
        return math.prod(kernel) // kernel[eqn.params["dimension_numbers"].rhs_spec[0]]
    if eqn.primitive.name == "dot_general":
        (contracted, _), _ = eqn.params["dimension_numbers"]
        return math.prod(eqn.invars[0].aval.shape[i] for i in contracted)
    return 0


def slow_in_a_loop(jaxpr: Jaxpr) -> bool:
    """Whether XLA's CPU backend runs some convolution of a program by a naive loop in a scan.

    It does so, 5 to 120 times slower than outside, where a convolution is not in the layouts NHWC,
    HWIO, NHWC: the gradients of ``flax.linen.Conv`` are not, those of ``jaxgan.ops.Conv`` are.
    """
    return any(
        eqn.primitive.name == "conv_general_dilated" and not _canonical(eqn.params)
        for eqn, _ in _equations(jaxpr)
    )


def _canonical(params: dict[str, Any]) -> bool:
    numbers = params["dimension_numbers"]
    n = len(numbers.lhs_spec)
    image, kernel = (0, n - 1, *range(1, n - 1)), (n - 1, n - 2, *range(n - 2))
    return tuple(numbers) == (image, kernel, image)


def _equations(jaxpr: Jaxpr, times: int = 1) -> Iterator[tuple[Any, int]]:
    """The equations of a program and of all in it, each with the number of times that it runs.

    Of branches by platform they are those of a CPU. A ``while_loop`` counts as one iteration.
    """
    for eqn in jaxpr.eqns:
        yield eqn, times
        params = dict(eqn.params)
        if platforms := params.get("branches_platforms"):
            own = [p is None or "cpu" in p for p in platforms].index(True)
            params["branches"] = [params["branches"][own]]
        inside = times * (params["length"] if eqn.primitive.name == "scan" else 1)
        for value in params.values():
            for inner in value if isinstance(value, list | tuple) else [value]:
                if isinstance(inner, ClosedJaxpr):
                    yield from _equations(inner.jaxpr, inside)
                elif isinstance(inner, Jaxpr):
                    yield from _equations(inner, inside)
