"""The three faces of a convolution, in forms that XLA runs fast on a CPU.

The plain form is one ``conv_general_dilated`` in XLA's canonical layouts (NHWC, HWIO). In other
layouts XLA's CPU backend runs a naive loop inside a ``lax.scan``. A few shapes have a faster form
(benchmarks/README.md has the speedups): layers with at most :data:`FEW` channels on one side,
transposed convolutions of small maps, those of stride 2 and more, which the plain form computes on
an input filled up with zeros, and 3x3 layers of many channels (:mod:`jaxgan.ops.winograd`). A
kernel with groups becomes a block-diagonal one without groups: multiplying the extra zeros is
faster than XLA's own loop over groups.
"""

import functools
from collections.abc import Callable, Iterable

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

from jaxgan.ops import winograd
from jaxgan.ops.geometry import (
    Activation,
    Geometry,
    Kernel,
    convolution,
    regrouped,
    turned,
    ungrouped,
)

FEW = 4
"""Largest number of channels that counts as few: the channels of an image."""
WIDE = 8
"""Smallest side of a map for which computing all phases one pixel beyond the edge costs little."""
PIXELS = 2
"""Largest number of pixels per channel at which a map is smaller than its kernel. All forms but the
one by taps first transpose the axes of the kernel."""
MANY, MOST = 128, 256
"""Numbers of channels on either side between which Winograd's fewer products pay for their sums."""
LARGE = 4
"""Smallest number of pixels per channel of one map, where they pay for a longer compilation too."""

_NUMBERS = ("NHWC", "HWIO", "NHWC")


def forward(geometry: Geometry, x: Activation, w: Kernel) -> Activation:
    """F(x, w), the convolution."""
    if geometry.groups > 1:
        return forward(geometry._replace(groups=1), x, ungrouped(w, geometry.groups))
    form = forward_form(geometry, x, w)
    return form(_upright(geometry), x, turned(w) if geometry.mirrored else w)


def backward_input(geometry: Geometry, g: Activation, w: Kernel) -> Activation:
    """T(g, w), the transpose of ``x -> F(x, w)``."""
    if geometry.groups > 1:
        return backward_input(geometry._replace(groups=1), g, ungrouped(w, geometry.groups))
    w = turned(w) if geometry.mirrored else w
    return backward_input_form(geometry, g, w)(_upright(geometry), g, w)


def backward_kernel(geometry: Geometry, x: Activation, g: Activation) -> Kernel:
    """G(x, g), the transpose of ``w -> F(x, w)``."""
    if geometry.groups > 1:
        return regrouped(backward_kernel(geometry._replace(groups=1), x, g), geometry.groups)
    few = geometry.strides == (1, 1) and g.shape[3] <= FEW < x.shape[3]
    form = _backward_kernel_by_patches if few else _backward_kernel
    w = form(_upright(geometry), x, g)
    return turned(w) if geometry.mirrored else w


def _upright(geometry: Geometry) -> Geometry:
    return geometry._replace(mirrored=False)


def forward_form(geometry: Geometry, x: Activation, w: Kernel) -> Callable[..., Array]:
    """The form of F for an ordinary geometry without groups; all others use the plain form."""
    c, o = geometry.channels(w)
    if geometry.ordinary and geometry.strides == (1, 1) and o <= FEW < c:
        return _forward_by_taps
    return winograd.forward if _by_tiles(geometry, x, c, o) else convolution


def _by_tiles(geometry: Geometry, x: Activation, c: int, o: int) -> bool:
    """Whether Winograd's form pays for a map x, or g in its place."""
    ordinary = geometry.ordinary and geometry.groups == 1 and geometry.strides == (1, 1)
    if not ordinary or geometry.kernel != (3, 3) or x.dtype.itemsize < 4:
        return False
    wide = min(c, o) >= MANY and max(c, o) <= MOST
    return wide and x.shape[1] * x.shape[2] >= LARGE * max(c, o)


def backward_input_form(geometry: Geometry, g: Activation, w: Kernel) -> Callable[..., Array]:
    """The form of T for a kernel that is not mirrored."""
    point = g.shape[1:3] == (1, 1) and geometry.kernel != (1, 1)  # a latent code becoming a map
    if point or w.shape[2] <= FEW < w.shape[3]:
        return _backward_input_by_taps
    pairs = list(zip(geometry.kernel, geometry.strides, strict=True))
    even = all(k % s == 0 for k, s in pairs)  # every phase has the same number of taps
    few = g.shape[0] * g.shape[1] * g.shape[2] <= PIXELS * g.shape[3]
    if even and few and geometry.kernel != (1, 1):
        return _backward_input_by_taps
    if _by_tiles(geometry, g, *w.shape[2:]):
        return winograd.backward_input
    if geometry.strides == (1, 1) or any(k < s for k, s in pairs):
        return _backward_input
    wide = even and min(g.shape[1:3]) >= WIDE
    return _backward_input_at_once if wide else _backward_input_by_phases


def _backward_input(geometry: Geometry, g: Array, w: Array) -> Array:
    """Convolves g with the flipped kernel, after the strides put zeros between the pixels of g."""
    low = [k - 1 - p for k, (p, _) in zip(geometry.kernel, geometry.padding, strict=True)]
    padding = []
    for m, size, k, s, lo in zip(
        g.shape[1:3], geometry.size, geometry.kernel, geometry.strides, low, strict=True
    ):
        padding.append((lo, size + k - 2 - (m - 1) * s - lo))
    return lax.conv_general_dilated(
        g,
        jnp.flip(w, (0, 1)).swapaxes(2, 3),
        (1, 1),
        padding,
        lhs_dilation=geometry.strides,
        dimension_numbers=_NUMBERS,
    )


def _backward_kernel(geometry: Geometry, x: Array, g: Array) -> Array:
    """G as a convolution of x: channels act as the batch, and the sum is over examples."""
    padding = []
    for m, size, k, s, (low, _) in zip(
        g.shape[1:3],
        geometry.size,
        geometry.kernel,
        geometry.strides,
        geometry.padding,
        strict=True,
    ):
        padding.append((low, (m - 1) * s + k - size - low))
    w = lax.conv_general_dilated(
        x.transpose(3, 1, 2, 0),
        g.transpose(1, 2, 0, 3),
        (1, 1),
        padding,
        rhs_dilation=geometry.strides,
        dimension_numbers=_NUMBERS,
    )
    return w.transpose(1, 2, 0, 3)


def _forward_by_taps(geometry: Geometry, x: Array, w: Array) -> Array:
    """One matrix product with all taps of the kernel, then the sum of shifted results. Stride 1."""
    (kh, kw), (n, h, width, c) = geometry.kernel, x.shape
    taps = x.reshape(-1, c) @ w.transpose(2, 0, 1, 3).reshape(c, -1)
    taps = taps.reshape(n, h, width, kh, kw, -1)
    (top, bottom), (left, right) = geometry.padding
    out_h, out_w = h + top + bottom - kh + 1, width + left + right - kw + 1
    return _sum(
        _shift(taps[:, :, :, i, j], (top - i, left - j), (out_h, out_w))
        for i in range(kh)
        for j in range(kw)
    )


def _backward_input_by_taps(geometry: Geometry, g: Array, w: Array) -> Array:
    """One matrix product with all taps, then their sum at strided places ("col2im")."""
    (kh, kw), (sh, sw), (n, m, width, o) = geometry.kernel, geometry.strides, g.shape
    qh, qw, c = -(-kh // sh), -(-kw // sw), w.shape[2]
    w = jnp.pad(w, ((0, qh * sh - kh), (0, qw * sw - kw), (0, 0), (0, 0)))
    taps = lax.dot_general(g.reshape(-1, o), w.reshape(-1, o), (((1,), (1,)), ((), ())))
    taps = taps.reshape(n, m, width, qh, sh, qw, sw, c)
    rows, columns = m + qh - 1, width + qw - 1
    phases = _sum(
        _shift(taps[:, :, :, i, :, j], (i, j), (rows, columns))
        for i in range(qh)
        for j in range(qw)
    )
    return _interleave(geometry, phases)


def _backward_input_by_phases(geometry: Geometry, g: Array, w: Array) -> Array:
    """One convolution of stride 1 for each of the ``sh sw`` phases of the result, then interleaved.

    Row ``s q + a`` of the result depends on rows ``q + offset - t`` of g through the taps ``r + s
    t`` of the kernel, where ``r = (a + padding) mod s``. So no zeros are multiplied.
    """
    (sh, sw), (height, width), n = geometry.strides, geometry.size, g.shape[0]
    rows, columns = -(-height // sh), -(-width // sw)

    def phase(axis: int, a: int, count: int) -> tuple[int, tuple[int, int]]:
        s, k = geometry.strides[axis], geometry.kernel[axis]
        offset, r = divmod(a + geometry.padding[axis][0], s)
        return r, ((k - 1 - r) // s - offset, count + offset - g.shape[1 + axis])

    def convolve(a: int, b: int) -> Array:
        (r, vertical), (c, horizontal) = phase(0, a, rows), phase(1, b, columns)
        taps = jnp.flip(w[r::sh, c::sw], (0, 1)).swapaxes(2, 3)
        padding = (vertical, horizontal)
        return lax.conv_general_dilated(g, taps, (1, 1), padding, dimension_numbers=_NUMBERS)

    phases = [jnp.stack([convolve(a, b) for b in range(sw)], 3) for a in range(sh)]
    image = jnp.stack(phases, 2).reshape(n, rows * sh, columns * sw, -1)
    return image[:, :height, :width]


def _backward_input_at_once(geometry: Geometry, g: Array, w: Array) -> Array:
    """One convolution of stride 1 for all ``sh sw`` phases, which gathers the patches only once."""
    (kh, kw), (sh, sw), o, c = geometry.kernel, geometry.strides, g.shape[3], w.shape[2]
    taps = w.reshape(kh // sh, sh, kw // sw, sw, c, o)[::-1, :, ::-1]
    taps = taps.transpose(0, 2, 5, 1, 3, 4).reshape(kh // sh, kw // sw, o, -1)
    top, left = kh // sh - 1, kw // sw - 1
    padding = ((top, top), (left, left))
    phases = lax.conv_general_dilated(g, taps, (1, 1), padding, dimension_numbers=_NUMBERS)
    return _interleave(geometry, phases.reshape(*phases.shape[:3], sh, sw, c))


def _backward_kernel_by_patches(geometry: Geometry, x: Array, g: Array) -> Array:
    """One matrix product of x with the patches of g, which has few channels. Stride 1."""
    (kh, kw), (n, h, width, c) = geometry.kernel, x.shape
    (top, _), (left, _) = geometry.padding
    patches = [_shift(g, (i - top, j - left), (h, width)) for i in range(kh) for j in range(kw)]
    patches = jnp.concatenate(patches, -1).reshape(n * h * width, -1)
    w = lax.dot_general(x.reshape(-1, c), patches, (((0,), (0,)), ((), ())))
    return w.reshape(c, kh, kw, -1).transpose(1, 2, 0, 3)


def _sum(arrays: Iterable[Array]) -> Array:
    return functools.reduce(jnp.add, arrays)


def _shift(x: Array, by: tuple[int, int], size: tuple[int, ...]) -> Array:
    """X moved down and right by ``by`` pixels, then zero-padded or cropped to ``size``."""
    edges = [(0, 0, 0)] * x.ndim
    for axis, (low, full) in enumerate(zip(by, size, strict=True), start=1):
        edges[axis] = (low, full - low - x.shape[axis], 0)
    return lax.pad(x, jnp.zeros((), x.dtype), edges)


def _interleave(geometry: Geometry, phases: Array) -> Array:
    """Phases (n, rows, columns, sh, sw, c), interleaved into an image of the geometry's size."""
    n, rows, columns, sh, sw, c = phases.shape
    image = phases.transpose(0, 1, 3, 2, 4, 5).reshape(n, rows * sh, columns * sw, c)
    (top, _), (left, _) = geometry.padding
    return _shift(image, (-top, -left), geometry.size)
