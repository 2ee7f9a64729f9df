"""Convolutions closed under differentiation.

A convolution F(x, w), its transpose in the input T(g, w) and its transpose in the kernel G(x, g)
are three faces of one trilinear form <g, F(x, w)> = <T(g, w), x> = <G(x, g), w>. So the derivatives
of each are the other two: dF = {T, G}, dT = {F, G}, dG = {T, F}. With these rules, reverse
differentiation of any order uses only the three, and :mod:`jaxgan.ops.forms` has each in a form
that XLA runs fast. Without them, XLA runs the kernel gradient of a transposed convolution one to
two orders of magnitude slower on a CPU.
``jax.custom_vjp`` has no forward mode. Where that is needed, use flax's own layers, whose
parameters are the same.
"""

from functools import partial
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.linen.dtypes import promote_dtype
from jax import lax
from jaxtyping import Array

from jaxgan.ops import forms
from jaxgan.ops.geometry import Activation, Geometry, Kernel, Pairs


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def convolve(geometry: Geometry, x: Activation, w: Kernel) -> Activation:
    """F(x, w): the convolution."""
    return forms.forward(geometry, x, w)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def transpose_input(geometry: Geometry, g: Activation, w: Kernel) -> Activation:
    """T(g, w): the transpose of ``x -> F(x, w)``, a transposed convolution."""
    return forms.backward_input(geometry, g, w)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def transpose_kernel(geometry: Geometry, x: Activation, g: Activation) -> Kernel:
    """G(x, g): the transpose of ``w -> F(x, w)``, a kernel gradient."""
    return forms.backward_kernel(geometry, x, g)


def _saved(face: Any) -> Any:
    def forward(geometry: Geometry, a: Array, b: Array) -> tuple[Array, tuple[Array, Array]]:
        return face(geometry, a, b), (a, b)

    return forward


def _convolve_back(geometry: Geometry, saved: Any, g: Array) -> tuple[Array, Array]:
    x, w = saved
    return transpose_input(geometry, g, w), transpose_kernel(geometry, x, g)


def _transpose_input_back(geometry: Geometry, saved: Any, x: Array) -> tuple[Array, Array]:
    g, w = saved
    return convolve(geometry, x, w), transpose_kernel(geometry, x, g)


def _transpose_kernel_back(geometry: Geometry, saved: Any, w: Array) -> tuple[Array, Array]:
    x, g = saved
    return transpose_input(geometry, g, w), convolve(geometry, x, w)


convolve.defvjp(_saved(convolve), _convolve_back)
transpose_input.defvjp(_saved(transpose_input), _transpose_input_back)
transpose_kernel.defvjp(_saved(transpose_kernel), _transpose_kernel_back)


def conv(
    x: Activation,
    kernel: Kernel,
    strides: tuple[int, ...] = (1, 1),
    padding: str | Pairs = "SAME",
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> Activation:
    """F(x, kernel), with padding named as in ``jax.lax``."""
    if isinstance(padding, str):
        reach = [d * (k - 1) + 1 for k, d in zip(kernel.shape, dilation, strict=False)]
        padding = tuple(lax.padtype_to_pads(x.shape[1:3], reach, strides, padding))
    sizes = (x.shape[1:3], kernel.shape[:2])
    return convolve(Geometry(*sizes, strides, padding, dilation, groups), x, kernel)


def conv_mean_pool(x: Activation, kernel: Kernel) -> Activation:
    """``mean_pool(conv(x, kernel))`` as one convolution of stride 2: odd kernels, even sides.

    Its kernel is the mean of four copies of ``kernel``, shifted to the pixels of a 2x2 block. So a
    block takes (k + 1)^2 products instead of 4 k^2. The mean is taken before the cast to the dtype
    of ``x``.
    """
    mean = (_widened(kernel) / 4).astype(x.dtype)
    return conv(x, mean, (2, 2), _same(kernel))


def upsample_conv(x: Activation, kernel: Kernel) -> Activation:
    """``conv(upsample(x), kernel)`` as one transposed convolution of stride 2: odd kernels.

    The reverse of :func:`conv_mean_pool`: along each axis, a pixel affects the k + 1 outputs around
    its block.
    """
    widened = _widened(kernel).astype(x.dtype)
    size = (2 * x.shape[1], 2 * x.shape[2])
    geometry = Geometry(size, widened.shape[:2], (2, 2), _same(kernel), mirrored=True)
    return transpose_input(geometry, x, widened)


def _same(kernel: Kernel) -> Pairs:
    """The padding that keeps the size at stride 1, for an odd kernel."""
    return tuple(((k - 1) // 2, (k - 1) // 2) for k in kernel.shape[:2])


def _widened(kernel: Kernel) -> Kernel:
    """The full convolution of the kernel with a 2x2 block of ones, in float32 or wider."""
    kernel = kernel.astype(jnp.promote_types(kernel.dtype, jnp.float32))
    rest = ((0, 0), (0, 0))
    corners = [((i, 1 - i), (j, 1 - j)) for i in (0, 1) for j in (0, 1)]
    return sum(
        (jnp.pad(kernel, corner + rest) for corner in corners[1:]),
        jnp.pad(kernel, corners[0] + rest),
    )


def conv_transpose(
    g: Activation,
    kernel: Kernel,
    strides: tuple[int, int],
    padding: str | Pairs,
) -> Activation:
    """T, with the conventions of ``jax.lax.conv_transpose`` (kernel not flipped, as in Keras).

    ``padding`` pads the dilated input; a padding p in torch is ``k - 1 - p`` here.
    """
    pads = []
    for k, s, i in zip(kernel.shape[:2], strides, range(2), strict=True):
        pads.append(_transpose_pads(k, s, padding) if isinstance(padding, str) else padding[i])
    size, inner = [], []
    for m, k, s, (lo, hi) in zip(g.shape[1:3], kernel.shape[:2], strides, pads, strict=True):
        size.append((m - 1) * s + 1 + lo + hi - k + 1)
        inner.append((k - 1 - lo, k - 1 - hi))
    shape = (tuple(size), kernel.shape[:2], tuple(strides), tuple(inner))
    return transpose_input(Geometry(*shape, mirrored=True), g, kernel)


def _transpose_pads(k: int, s: int, padding: str) -> tuple[int, int]:
    if padding == "VALID":
        return k - 1, k - 1 + max(s - k, 0)
    total = k + s - 2
    low = k - 1 if s > k - 1 else -(-total // 2)
    return low, total - low


class Conv(nn.Module):
    """``flax.linen.Conv`` by means of :func:`convolve`, with the same parameters and values.

    With ``resample`` "up" the input is first upsampled by 2 (nearest neighbour); with "down" the
    result is mean-pooled by 2. Both run as one convolution of stride 2, whose kernel is made from
    the same parameters. They require stride 1, an odd kernel and 'same' padding.
    """

    features: int
    kernel_size: tuple[int, int]
    strides: int | tuple[int, int] = 1
    padding: str | Pairs = "SAME"
    kernel_dilation: tuple[int, int] = (1, 1)
    feature_group_count: int = 1
    use_bias: bool = True
    dtype: Any = None
    param_dtype: Any = jnp.float32
    kernel_init: Any = nn.initializers.lecun_normal()
    bias_init: Any = nn.initializers.zeros_init()
    add_bias: bool = True
    """Whether the bias is added. False: it is a parameter but not added, as a norm would cancel
    it."""
    resample: Literal["up", "down", "same"] = "same"

    @nn.compact
    def __call__(self, inputs: Activation) -> Activation:
        """``(n, h, w, c) -> (n, h', w', features)``."""
        x, kernel, bias = _parameters(self, inputs, inputs.shape[-1] // self.feature_group_count)
        if self.resample != "same":
            out = (upsample_conv if self.resample == "up" else conv_mean_pool)(x, kernel)
        else:
            strides = (self.strides,) * 2 if isinstance(self.strides, int) else self.strides
            shape = (self.kernel_dilation, self.feature_group_count)
            out = conv(x, kernel.astype(x.dtype), strides, self.padding, *shape)
        return out if bias is None else out + bias.reshape(1, 1, 1, -1)


class ConvTranspose(nn.Module):
    """``flax.linen.ConvTranspose`` by means of :func:`transpose_input`, with the same parameters.

    The values are the same too. ``padding`` is ``"SAME"``, ``"VALID"`` or pairs that pad the
    dilated input.
    """

    features: int
    kernel_size: tuple[int, int]
    strides: tuple[int, int] = (1, 1)
    padding: str | Pairs = "SAME"
    use_bias: bool = True
    dtype: Any = None
    param_dtype: Any = jnp.float32
    kernel_init: Any = nn.initializers.lecun_normal()
    bias_init: Any = nn.initializers.zeros_init()
    add_bias: bool = True
    """Whether the bias is added. False: it is a parameter but not added, as a norm would cancel
    it."""

    @nn.compact
    def __call__(self, inputs: Activation) -> Activation:
        """``(n, h, w, c) -> (n, h', w', features)``."""
        x, kernel, bias = _parameters(self, inputs, inputs.shape[-1])
        out = conv_transpose(x, kernel.astype(x.dtype), self.strides, self.padding)
        return out if bias is None else out + bias.reshape(1, 1, 1, -1)


def _parameters(layer: Any, inputs: Array, fan: int) -> tuple[Array, Array, Array | None]:
    """The inputs and the bias in the dtype of the computation, and the kernel in its own dtype."""
    shape = (*layer.kernel_size, fan, layer.features)
    kernel = layer.param("kernel", layer.kernel_init, shape, layer.param_dtype)
    bias = None
    if layer.use_bias:
        bias = layer.param("bias", layer.bias_init, (layer.features,), layer.param_dtype)
        bias = bias if layer.add_bias else None
    x, _, bias = promote_dtype(inputs, kernel, bias, dtype=layer.dtype)
    return x, kernel, bias  # pyright: ignore[reportReturnType]
