"""Declares the operators that torchvision misses with a CPU-only PyTorch; import it first.

A torchvision that was built for CUDA can be imported without its compiled operators, except two
whose shape functions it always registers.
"""

from torch import library

try:
    import torchvision
except RuntimeError:
    for name in ("nms", "qnms"):
        schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        library.define(f"torchvision::{name}", schema)
    import torchvision

__all__ = ["torchvision"]
