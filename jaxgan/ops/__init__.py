"""Layers and array functions that networks are made of."""

from jaxgan.ops.conv import Conv, ConvTranspose
from jaxgan.ops.equalized import EqualizedConv, EqualizedDense
from jaxgan.ops.initializers import Initializer, gamma_init, kernel_init, linear_init
from jaxgan.ops.minibatch import minibatch_stddev
from jaxgan.ops.normalization import (
    Norm,
    Normalize,
    SpectralNorm,
    WeightNorm,
    apply_layer,
    is_lipschitz,
    mixes_batch,
    pixel_norm,
)
from jaxgan.ops.padding import Padding, pad
from jaxgan.ops.resample import mean_pool, upsample

__all__ = [
    "Conv",
    "ConvTranspose",
    "EqualizedConv",
    "EqualizedDense",
    "Initializer",
    "Norm",
    "Normalize",
    "Padding",
    "SpectralNorm",
    "WeightNorm",
    "apply_layer",
    "gamma_init",
    "is_lipschitz",
    "kernel_init",
    "linear_init",
    "mean_pool",
    "minibatch_stddev",
    "mixes_batch",
    "pad",
    "pixel_norm",
    "upsample",
]
