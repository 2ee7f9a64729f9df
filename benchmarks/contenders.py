"""Contenders of :mod:`benchmarks.compare` and :mod:`benchmarks.gpu`: libraries and their forms."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Contender:
    """A library in one of its forms."""

    module: str
    """Module with ``build(workload, arrays, form) -> Runner``."""
    form: str
    """Form of the library, such as ``eager`` or ``compile``."""
    package: str
    """Name of the package to import."""
    requirement: str
    """Requirement for pip."""


_STEP = "benchmarks.jaxgan_step"
_OURS = ("jaxgan", "-e .")
_TORCH = ("torch", "torch==2.13.0")
_TENSORFLOW = ("tensorflow", "tensorflow-cpu==2.21.0")
CONTENDERS: dict[str, Contender] = {
    "jaxgan": Contender(_STEP, "", *_OURS),
    "jaxgan-x1": Contender(_STEP, "x1", *_OURS),
    "torch-eager": Contender("benchmarks.peers.torch_gan", "eager", *_TORCH),
    "torch-channels-last": Contender("benchmarks.peers.torch_gan", "channels_last", *_TORCH),
    "torch-compile": Contender("benchmarks.peers.torch_gan", "compile", *_TORCH),
    "tf-function": Contender("benchmarks.peers.tensorflow_gan", "function", *_TENSORFLOW),
    "tf-xla": Contender("benchmarks.peers.tensorflow_gan", "xla", *_TENSORFLOW),
}
"""Contenders by name; ratios are relative to the first."""

_CUDA = ("benchmarks.peers.torch_cuda",)
GPU_CONTENDERS: dict[str, Contender] = {
    "jaxgan-highest": Contender(_STEP, "highest", *_OURS),
    "jaxgan-bf16": Contender(_STEP, "bf16", *_OURS),
    "jaxgan-bf16-x1": Contender(_STEP, "bf16 x1", *_OURS),
    "jaxgan-bf16-device": Contender(_STEP, "bf16 device", *_OURS),
    "cuda-eager": Contender(*_CUDA, "channels_last", *_TORCH),
    "cuda-eager-bf16": Contender(*_CUDA, "channels_last bf16", *_TORCH),
    "cuda-compile-bf16": Contender(*_CUDA, "compile bf16", *_TORCH),
    "cuda-graphs-bf16": Contender(*_CUDA, "graphs bf16", *_TORCH),
}
"""Contenders of :mod:`benchmarks.gpu`, besides ``jaxgan`` and ``jaxgan-x1``."""


class Runner(NamedTuple):
    """A contender, ready to run."""

    call: Callable[[], Any]
    """Function that runs or starts ``steps`` steps, and returns their report."""
    wait: Callable[[Any], Any]
    """Function that waits for the result of a call."""
    version: str
    """Name and version of the library."""
    steps: int = 1
    """Number of training steps per call."""
