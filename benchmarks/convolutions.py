"""The work of a training step: the convolutions in its compiled program, and its FLOPs."""

import re
from collections import Counter
from typing import Any

import jax

from benchmarks.throughput import flops
from benchmarks.workloads import Workload, random_bytes, spec_of
from jaxgan.core import Algorithm, advance
from jaxgan.system.devices import Devices, leading

INSTRUCTION = re.compile(r" (?:convolution|custom-call)\(.*window=\{(?P<window>[^}]*)\}.*")
TARGET = re.compile(r'custom_call_target="__cudnn\$conv(\w+)"')
KINDS = {
    "Forward": "forward",
    "ForwardGraph": "forward",
    "BiasActivationForward": "forward",
    "BackwardInput": "input",
    "BackwardFilter": "kernel",
}
"""Kind of a convolution by the suffix of cuDNN's target: input and kernel are gradients."""
OVER_ZEROS = "over zeros"
"""Kind of a convolution whose input is dilated: it multiplies by the zeros between the pixels, as a
transposed convolution that the compiler did not recognise does."""


def count(hlo: str) -> Counter[str]:
    """Convolutions of a compiled program by kind.

    Kinds are ``forward``, ``input`` and ``kernel`` of cuDNN's, ``convolution`` for XLA's own, and
    :data:`OVER_ZEROS` for either where the input is dilated.

    Args:
      hlo: text of the optimized program.
    """
    found: Counter[str] = Counter()
    for line in hlo.splitlines():
        if instruction := INSTRUCTION.search(line):
            target = TARGET.search(line)
            kind = KINDS.get(target[1], target[1]) if target else "convolution"
            dilated = "lhs_dilate" in instruction["window"] and kind in ("forward", "convolution")
            found[OVER_ZEROS if dilated else kind] += 1
    return found


def of_step(workload: Workload, batch_size: int) -> Counter[str]:
    """Convolutions of one training step of a workload, compiled for this machine's device."""
    algorithm, arguments = _step(workload, batch_size)
    lowered = Devices(1).lower(advance(algorithm), leading(algorithm), *arguments)
    return count(lowered.compile().as_text())


def flops_of_step(workload: Workload, batch_size: int) -> float:
    """FLOPs of one training step of a workload, as in :mod:`benchmarks.throughput`."""
    algorithm, arguments = _step(workload, batch_size)
    return flops(advance(algorithm), *arguments)


def _step(workload: Workload, batch_size: int) -> tuple[Algorithm, tuple[Any, Any, Any]]:
    """The algorithm, and state, batch and key of a step."""
    algorithm = workload.jaxgan(workload).build(spec_of(workload))
    arrays, key = random_bytes(workload, batch_size), jax.random.key(0)
    return algorithm, (jax.eval_shape(algorithm.init, key, arrays), arrays, key)
