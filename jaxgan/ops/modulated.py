"""Convolutions whose kernel is scaled by a style, which differs between examples."""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxgan.ops.conv import conv
from jaxgan.ops.filtered_conv import upsample_lowpass_conv
from jaxgan.ops.geometry import Kernel
from jaxgan.typing import Image

EPSILON = 1e-8
"""Constant added to the squared norm of a kernel."""


def modulated_conv(
    x: Image,
    kernel: Kernel,
    style: Float[Array, "batch channels"],
    demodulate: bool = True,
    up: bool = False,
) -> Float[Array, "batch new_height new_width features"]:
    """The convolution of each example n with its own kernel.

    w'_nkco = s_nc w_kco, and with demodulation w''_nkco = w'_nkco / sqrt(sum_kc w'_nkco^2 + 1e-8).
    Neither factor depends on the pixel. So s scales the input, and the norm the output, of one
    convolution with the kernel that all examples share,

        y_n = conv(s_n x_n, w) / sqrt(s_n^2 . sum_k w_k^2 + 1e-8),

    so no batch of kernels is ever made.

    Args:
      x: (n, h, w, c), in the dtype of the computation. The norm is computed in float32.
      kernel: (k, k, c, features), odd; (3, 3, c, features) with ``up``.
      style: the style s.
      demodulate: whether to divide by the norm.
      up: whether to double the size; see :func:`jaxgan.ops.upsample_lowpass_conv`.

    Reference: StyleGAN2 (Karras et al. 2020), equations 1 and 3.
    """
    style = style.astype(jnp.float32)
    kernel = kernel.astype(jnp.float32)
    scaled = x * style.astype(x.dtype)[:, None, None]
    shared = kernel.astype(x.dtype)
    out = upsample_lowpass_conv(scaled, shared) if up else conv(scaled, shared)
    if not demodulate:
        return out
    squared = jnp.square(style) @ jnp.square(kernel).sum((0, 1))
    return out * lax.rsqrt(squared + EPSILON).astype(x.dtype)[:, None, None]
