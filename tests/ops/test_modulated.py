"""Filtered and modulated convolutions against SciPy and against their definitions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy.signal import convolve2d, upfirdn

from jaxgan.ops import (
    lowpass_conv_downsample,
    lowpass_filter,
    modulated_conv,
    upsample_lowpass_conv,
)

FIR = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def correlated(x, kernel):
    """The full correlation of (h, w, c) with (k, k, c, o), summed over channels."""
    maps = [
        sum(convolve2d(x[..., c], kernel[::-1, ::-1, c, o]) for c in range(x.shape[-1]))
        for o in range(kernel.shape[-1])
    ]
    return np.stack(maps, -1)


def filtered(x):
    """The full convolution of each channel with the filter."""
    return np.stack([convolve2d(x[..., c], FIR) for c in range(x.shape[-1])], -1)


def stuffed(x):
    """Zeros between the pixels: (2h - 1, 2w - 1, c)."""
    out = np.zeros((2 * x.shape[0] - 1, 2 * x.shape[1] - 1, x.shape[2]))
    out[::2, ::2] = x
    return out


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("padding", [(1, 2), (2, 1), (3, 0), (0, 0)])
def test_the_filter_is_scipys(padding):
    x, (low, _) = normal(2, 6, 8, 3), padding
    taps = np.array([1.0, 2.0, 5.0, 3.0])
    size = 6 + sum(padding) - 3

    def along(signal):
        full = np.pad(upfirdn(taps[::-1] / taps.sum(), signal), (0, 3))
        start = 3 - low
        return full[start : start + len(signal) + sum(padding) - 3]

    expected = np.apply_along_axis(along, 2, np.apply_along_axis(along, 1, x))
    found = lowpass_filter(jnp.asarray(x), tuple(taps), padding)
    assert found.shape[1] == size
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.usefixtures("float64")
def test_up_is_zeros_between_the_pixels_then_the_kernel_then_the_filter():
    x, kernel = normal(2, 5, 4, 3), normal(3, 3, 3, 2, seed=1)
    found = jax.jit(upsample_lowpass_conv)(jnp.asarray(x), jnp.asarray(kernel))
    for image, ours in zip(x, found, strict=True):
        full = 4 * filtered(correlated(stuffed(image), kernel))  # 2h - 1 + 2 + 3
        np.testing.assert_allclose(ours, full[2:-2, 2:-2], atol=1e-12)


@pytest.mark.usefixtures("float64")
def test_down_is_the_filter_then_every_second_pixel_of_the_convolution():
    x, kernel = normal(2, 8, 6, 3), normal(3, 3, 3, 2, seed=1)
    found = jax.jit(lowpass_conv_downsample)(jnp.asarray(x), jnp.asarray(kernel))
    for image, ours in zip(x, found, strict=True):
        full = correlated(filtered(image), kernel)  # 2h + 3 + 2
        np.testing.assert_allclose(ours, full[3:-3:2, 3:-3:2], atol=1e-12)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("demodulate", [False, True])
def test_a_modulated_convolution_is_one_with_a_kernel_an_example(up, demodulate):
    x, kernel, style = normal(3, 4, 4, 5), normal(3, 3, 5, 2, seed=1), normal(3, 5, seed=2)
    modulated = jax.jit(lambda *arrays: modulated_conv(*arrays, demodulate, up))
    found = modulated(*map(jnp.asarray, (x, kernel, style)))
    for image, s, ours in zip(x, style, found, strict=True):
        own = kernel * s[None, None, :, None]
        if demodulate:
            own = own / np.sqrt(np.square(own).sum((0, 1, 2)) + 1e-8)
        if up:
            expected = 4 * filtered(correlated(stuffed(image), own))[2:-2, 2:-2]
        else:
            expected = correlated(image, own)[1:-1, 1:-1]
        np.testing.assert_allclose(ours, expected, atol=1e-6)  # the norm is float32


def test_demodulated_maps_have_unit_variance():
    x = jnp.asarray(normal(2, 64, 64, 16), jnp.float32)
    kernel = jnp.asarray(7 * normal(3, 3, 16, 8, seed=1), jnp.float32)
    style = jnp.asarray(normal(2, 16, seed=2), jnp.float32)
    spread = modulated_conv(x, kernel, style).std((1, 2))
    np.testing.assert_allclose(spread, 1, atol=0.15)


def test_the_derivatives_are_those_of_finite_differences():
    x, kernel, style = normal(2, 4, 4, 2), normal(3, 3, 2, 2, seed=1), normal(2, 2, seed=2)
    arrays = [jnp.asarray(a, jnp.float32) for a in (x, kernel, style)]
    check_grads(
        jax.jit(lambda *a: modulated_conv(*a, True, True)), arrays, 2, ("rev",), atol=0.1, rtol=0.1
    )
