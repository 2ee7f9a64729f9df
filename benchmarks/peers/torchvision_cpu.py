"""Declares what torchvision misses beside a PyTorch without CUDA; import it before its users.

A torchvision that was built for CUDA imports without its compiled operators, but for two whose
shape functions it registers in any case.
"""

import torch

try:
    import torchvision
except RuntimeError:
    operators = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

__all__ = ["torchvision"]
