"""Low-pass resampling against SciPy's upfirdn, and as each other's transpose."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import upfirdn

from jaxgan.ops import lowpass_downsample, lowpass_upsample

TAPS = [(1.0, 2.0, 1.0), (1.0, 3.0, 3.0, 1.0), (1.0, 1.0), (1.0, 2.0, 4.0, 3.0, 1.0)]


def images(*shape):
    return np.random.default_rng(0).normal(size=shape)


def along(x, axis, resample):
    return np.apply_along_axis(resample, axis, x)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("taps", TAPS)
def test_upsampling_is_scipys(taps):
    x, f = images(2, 4, 6, 3), np.asarray(taps) / sum(taps)
    late = len(taps) // 2 - 1  # where the result starts in the full convolution

    def up(signal):
        full = np.append(2 * upfirdn(f, signal, up=2), np.zeros(len(taps)))
        return full[late : late + 2 * len(signal)]

    expected = along(along(x, 1, up), 2, up)
    np.testing.assert_allclose(lowpass_upsample(jnp.asarray(x), taps), expected, atol=1e-12)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("taps", TAPS)
def test_downsampling_is_scipys(taps):
    x, f = images(2, 4, 6, 3), np.asarray(taps) / sum(taps)
    first = len(taps) - 1 - (len(taps) - 1) // 2

    def down(signal):
        return upfirdn(f, signal)[first::2][: len(signal) // 2]

    expected = along(along(x, 1, down), 2, down)
    np.testing.assert_allclose(lowpass_downsample(jnp.asarray(x), taps), expected, atol=1e-12)


def test_a_constant_image_keeps_its_value_inside():
    ones = jnp.ones((1, 8, 8, 1))
    np.testing.assert_allclose(lowpass_upsample(ones)[:, 1:, 1:], 1)
    np.testing.assert_allclose(lowpass_downsample(ones)[:, 1:, 1:], 1)
    assert float(lowpass_upsample(ones)[0, 0, 0, 0]) == 0.25  # zeros beyond the edge


def test_twice_the_size_is_four_times_the_transpose_of_half():
    x = jnp.asarray(images(2, 8, 8, 3), jnp.float32)
    y, transpose = jax.vjp(lowpass_downsample, x)
    np.testing.assert_allclose(
        lowpass_upsample(y)[:, 1:, 1:], 4 * transpose(y)[0][:, :-1, :-1], atol=1e-5
    )
