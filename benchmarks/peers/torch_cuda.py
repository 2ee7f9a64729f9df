"""The PyTorch peers on a GPU: the same nets and steps, with tensors created on the device."""

from typing import Any

import torch

from benchmarks.contenders import Runner
from benchmarks.peers import torch_gan
from benchmarks.workloads import Arrays, Workload


def build(workload: Workload, arrays: Arrays, form: str) -> Runner:
    """The contender in the given form.

    Args:
      workload: the workload.
      arrays: its data.
      form: one of :mod:`benchmarks.peers.torch` or ``graphs``, and ``bf16`` for autocast.

    Raises:
      RuntimeError: there is no CUDA device.
    """
    if not torch.cuda.is_available():
        raise RuntimeError("there is no CUDA device")
    torch.set_default_device("cuda")
    torch.backends.cudnn.benchmark = True
    words = form.split()
    step = torch_gan.build(workload, arrays, words[0]).call

    def call() -> Any:
        with torch.autocast("cuda", torch.bfloat16, enabled="bf16" in words):
            return step()

    def wait(losses: Any) -> Any:
        torch.cuda.synchronize()
        return losses

    return Runner(call, wait, f"torch {torch.__version__}")
