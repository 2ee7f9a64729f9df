"""Layers and array functions that networks are made of."""

from jaxgan.ops.conv import Conv, ConvTranspose
from jaxgan.ops.initializers import Initializer, gamma_init, kernel_init, linear_init
from jaxgan.ops.lowpass import lowpass_downsample, lowpass_upsample
from jaxgan.ops.normalization import (
    Norm,
    Normalize,
    SpectralNorm,
    WeightNorm,
    apply_layer,
    is_lipschitz,
    mixes_batch,
)
from jaxgan.ops.padding import Padding, pad
from jaxgan.ops.resample import mean_pool, upsample

__all__ = [
    "Conv",
    "ConvTranspose",
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
    "lowpass_downsample",
    "lowpass_upsample",
    "mean_pool",
    "mixes_batch",
    "pad",
    "upsample",
]
