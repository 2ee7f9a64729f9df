"""Weights that others published, read without running what their files ask for."""

from jaxgan.weights.stylegan2 import Loaded, read_stylegan2
from jaxgan.weights.torch_file import read_torch

__all__ = ["Loaded", "read_stylegan2", "read_torch"]
