"""The three faces of a convolution, each in the form that is fastest on its platform.

By default T and G are JAX's own transposes of F. Each is one ``conv_general_dilated``, with
dimension numbers instead of transposed arrays, so that XLA recognises cuDNN's gradients. The CPU
has forms of its own; see :mod:`jaxgan.ops.cpu_forms`. All forms of a face agree up to rounding.
"""

from collections.abc import Callable

import jax
from jax import lax
from jaxtyping import Array

from jaxgan.ops import cpu_forms
from jaxgan.ops.geometry import Activation, Geometry, Kernel, convolution


def forward(geometry: Geometry, x: Activation, w: Kernel) -> Activation:
    """F(x, w), the convolution."""
    plain = not geometry.mirrored and geometry.groups == 1
    if plain and cpu_forms.forward_form(geometry, x, w) is convolution:
        return convolution(geometry, x, w)
    return _by_platform(cpu_forms.forward, convolution, geometry, x, w)


def backward_input(geometry: Geometry, g: Activation, w: Kernel) -> Activation:
    """T(g, w), the transpose of ``x -> F(x, w)``."""
    return _by_platform(cpu_forms.backward_input, transposed_input, geometry, g, w)


def backward_kernel(geometry: Geometry, x: Activation, g: Activation) -> Kernel:
    """G(x, g), the transpose of ``w -> F(x, w)``."""
    return _by_platform(cpu_forms.backward_kernel, transposed_kernel, geometry, x, g)


def transposed_input(geometry: Geometry, g: Activation, w: Kernel) -> Activation:
    """T(g, w) by JAX's transpose of F."""
    shape = (g.shape[0], *geometry.size, geometry.channels(w)[0])
    return _transpose(lambda x: convolution(geometry, x, w), shape, g)


def transposed_kernel(geometry: Geometry, x: Activation, g: Activation) -> Kernel:
    """G(x, g) by JAX's transpose of F."""
    shape = geometry.kernel_shape(x.shape[3], g.shape[3])
    return _transpose(lambda w: convolution(geometry, x, w), shape, g)


def _transpose(linear: Callable[[Array], Array], shape: tuple[int, ...], g: Array) -> Array:
    return jax.linear_transpose(linear, jax.ShapeDtypeStruct(shape, g.dtype))(g)[0]


def _by_platform(
    cpu: Callable[..., Array],
    default: Callable[..., Array],
    geometry: Geometry,
    a: Array,
    b: Array,
) -> Array:
    """``cpu`` in a program for a CPU if the geometry is ordinary; otherwise ``default``."""
    if not geometry.ordinary:
        return default(geometry, a, b)
    return lax.platform_dependent(
        a, b, cpu=lambda a, b: cpu(geometry, a, b), default=lambda a, b: default(geometry, a, b)
    )
