"""Weights that others published, read without running any code in their files."""

from jaxgan.weights.lpips import LPIPS, open_lpips
from jaxgan.weights.stylegan2 import Loaded, read_stylegan2
from jaxgan.weights.torch_file import read_torch
from jaxgan.weights.vgg import PerceptualVGG, open_vgg

__all__ = [
    "LPIPS",
    "Loaded",
    "PerceptualVGG",
    "open_lpips",
    "open_vgg",
    "read_stylegan2",
    "read_torch",
]
