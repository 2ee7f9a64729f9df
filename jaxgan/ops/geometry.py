"""The static part of a convolution, and the convolution itself as one XLA operation.

In this folder's convolution modules, x (n, h, w, c) is the input, w (kh, kw, c, o) the kernel, and
g (n, h', w', o) the output or its gradient.
"""

from typing import NamedTuple, TypeAlias

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

Activation: TypeAlias = Float[Array, "n _ _ _"]  # sizes differ between the faces
Kernel: TypeAlias = Float[Array, "_ _ _ _"]
Pairs: TypeAlias = tuple[tuple[int, int], ...]


class Geometry(NamedTuple):
    """The static part of a convolution: input size, kernel size, strides, padding and so on."""

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    padding: Pairs
    dilation: tuple[int, ...] = (1, 1)
    groups: int = 1
    mirrored: bool = False
    """Whether w is (kh, kw, o, c) and turned by 180 degrees, as in ``lax.conv_transpose``."""

    @property
    def ordinary(self) -> bool:
        """Whether it has no dilation, and no groups together with a mirrored kernel."""
        return self.dilation == (1, 1) and not (self.mirrored and self.groups > 1)

    def kernel_shape(self, c: int, o: int) -> tuple[int, ...]:
        """The shape of w for c input channels and o output channels."""
        return (*self.kernel, *((o, c) if self.mirrored else (c // self.groups, o)))

    def channels(self, w: Kernel) -> tuple[int, int]:
        """The number of channels of x and of g."""
        c, o = w.shape[2:][::-1] if self.mirrored else w.shape[2:]
        return c * self.groups, o


def convolution(geometry: Geometry, x: Activation, w: Kernel) -> Activation:
    """F(x, w)."""
    layout = "HWIO"
    if geometry.mirrored:
        # A transpose of F turns the kernel again. XLA would cancel the two turns and no longer
        # recognise the gradient of a convolution, which cuDNN computes without the zeros that
        # strides put into g.
        w, layout = lax.optimization_barrier(lax.rev(w, (0, 1))), "HWOI"
    return lax.conv_general_dilated(
        x,
        w,
        geometry.strides,
        geometry.padding,
        rhs_dilation=geometry.dilation,
        dimension_numbers=("NHWC", layout, "NHWC"),
        feature_group_count=geometry.groups,
    )


def ungrouped(w: Kernel, groups: int) -> Kernel:
    """The block-diagonal kernel (kh, kw, c, o) of the same convolution without groups."""
    kh, kw, inner, o = w.shape
    blocks = w.reshape(kh, kw, 1, inner, groups, o // groups)
    same = jnp.eye(groups, dtype=w.dtype).reshape(groups, 1, groups, 1)
    return (blocks * same[None, None]).reshape(kh, kw, groups * inner, o)


def regrouped(w: Kernel, groups: int) -> Kernel:
    """The transpose of :func:`ungrouped`: diagonal blocks (kh, kw, c / groups, o) of a kernel."""
    kh, kw, c, o = w.shape
    blocks = w.reshape(kh, kw, groups, c // groups, groups, o // groups)
    return jnp.einsum("hwgigo->hwigo", blocks).reshape(kh, kw, c // groups, o)


def turned(w: Kernel) -> Kernel:
    """Converts a kernel of a mirrored geometry to one that is not mirrored, and back."""
    return jnp.flip(w, (0, 1)).swapaxes(2, 3)
