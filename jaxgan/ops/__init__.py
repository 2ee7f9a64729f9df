"""Layers and array functions that networks are made of."""

from jaxgan.ops.bicubic import bicubic
from jaxgan.ops.conv import Conv, ConvTranspose
from jaxgan.ops.equalized import EqualizedConv, EqualizedDense
from jaxgan.ops.filtered_conv import lowpass_conv_downsample, lowpass_filter, upsample_lowpass_conv
from jaxgan.ops.initializers import Initializer, gamma_init, kernel_init, linear_init
from jaxgan.ops.lowpass import lowpass_downsample, lowpass_upsample
from jaxgan.ops.minibatch import minibatch_stddev
from jaxgan.ops.modulated import modulated_conv
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
from jaxgan.ops.pixel_shuffle import pixel_shuffle
from jaxgan.ops.prelu import PReLU
from jaxgan.ops.resample import max_pool, mean_pool, upsample

__all__ = [
    "Conv",
    "ConvTranspose",
    "EqualizedConv",
    "EqualizedDense",
    "Initializer",
    "Norm",
    "Normalize",
    "PReLU",
    "Padding",
    "SpectralNorm",
    "WeightNorm",
    "apply_layer",
    "bicubic",
    "gamma_init",
    "is_lipschitz",
    "kernel_init",
    "linear_init",
    "lowpass_conv_downsample",
    "lowpass_downsample",
    "lowpass_filter",
    "lowpass_upsample",
    "max_pool",
    "mean_pool",
    "minibatch_stddev",
    "mixes_batch",
    "modulated_conv",
    "pad",
    "pixel_norm",
    "pixel_shuffle",
    "upsample",
    "upsample_lowpass_conv",
]
