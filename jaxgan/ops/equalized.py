"""Layers with an equalized learning rate: N(0, 1) weights, scaled by He's constant when used.

The step of an adaptive optimizer does not depend on the scale of the gradient. If all weights have
one scale, the step is the same relative change in every layer, whatever the fan-in.

Reference: ProGAN (Karras et al. 2018), section 4.1.
"""

import math
from typing import Any, Literal

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxgan.ops.conv import conv, upsample_conv
from jaxgan.typing import Image

HE = math.sqrt(2.0)
"""He's gain, for a layer followed by a (leaky) ReLU (He et al. 2015)."""


class EqualizedDense(nn.Module):
    """x (c W) + b with W ~ N(0, 1) and c = gain / sqrt(fan_in); b is not scaled."""

    features: int
    """Number of output features."""
    gain: float = HE
    """Standard deviation of the output for an input of unit variance."""
    use_bias: bool = True
    """Whether b is added."""
    lr_multiplier: float = 1.0
    """Learning rate of the layer relative to the others, m: W starts at N(0, 1) / m, and W and b
    are multiplied by m when used (0.01 in StyleGAN's mapping network)."""
    bias_start: float = 0.0
    """Initial value of b (1 in StyleGAN's styles)."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters are float32."""

    @nn.compact
    def __call__(self, x: Float[Array, "batch inputs"]) -> Float[Array, "batch features"]:
        """(n, inputs) to (n, features)."""
        kernel, bias = _parameters(self, (x.shape[-1], self.features))
        out = x.astype(self.dtype) @ kernel.astype(self.dtype)
        return out if bias is None else out + bias.astype(self.dtype)[None]


class EqualizedConv(nn.Module):
    """Convolution with the kernel c W and the bias b; see :class:`EqualizedDense`.

    Stride 1, 'same' padding; fan_in = size^2 channels.
    """

    features: int
    """Number of output channels."""
    size: int = 3
    """Height and width of the kernel."""
    gain: float = HE
    """Standard deviation of the output for an input of unit variance."""
    use_bias: bool = True
    """Whether b is added."""
    lr_multiplier: float = 1.0
    """Learning rate of the layer relative to the others; see :class:`EqualizedDense`."""
    resample: Literal["up", "same"] = "same"
    """Resampling. ``up`` first upsamples the input by 2 (nearest neighbour); both steps run as one
    transposed convolution, which requires an odd kernel."""
    dtype: Any = jnp.float32
    """Dtype of the computation; parameters are float32."""

    @nn.compact
    def __call__(self, x: Image) -> Float[Array, "batch new_height new_width features"]:
        """(n, h, w, c) to (n, h, w, features), or with twice the height and width."""
        kernel, bias = _parameters(self, (self.size, self.size, x.shape[-1], self.features))
        x = x.astype(self.dtype)
        up = self.resample == "up"
        out = upsample_conv(x, kernel) if up else conv(x, kernel.astype(self.dtype))
        return out if bias is None else out + bias.astype(self.dtype)[None, None, None]


def _parameters(
    layer: EqualizedDense | EqualizedConv, shape: tuple[int, ...]
) -> tuple[Array, Array | None]:
    """The scaled kernel and bias, in float32."""
    multiplier = layer.lr_multiplier
    scale = multiplier * layer.gain / math.sqrt(math.prod(shape[:-1]))
    kernel = scale * layer.param("kernel", nn.initializers.normal(1.0 / multiplier), shape)
    if not layer.use_bias:
        return kernel, None
    start = nn.initializers.constant(getattr(layer, "bias_start", 0.0) / multiplier)
    return kernel, multiplier * layer.param("bias", start, shape[-1:])
