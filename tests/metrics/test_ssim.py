"""Structural similarity against TensorFlow's."""

import jax
import numpy as np
import pytest
from scipy import ndimage

from jaxgan.data.hosttf import tf
from jaxgan.errors import InputError
from jaxgan.metrics import ms_ssim, ssim


def pair(height, width, dtype=np.uint8):
    """Smooth images, and the same with noise."""
    rng = np.random.default_rng(0)
    a = ndimage.gaussian_filter(rng.normal(size=(2, height, width, 3)), (0, 4, 4, 0)) * 500 + 120
    b = a + rng.normal(size=a.shape) * np.array([10, 40]).reshape(2, 1, 1, 1)
    return a.clip(0, 255).astype(dtype), b.clip(0, 255).astype(dtype)


def test_tensorflow():
    a, b = pair(40, 47)
    found = ssim(a, b)
    assert (found < 0.95).all()
    np.testing.assert_allclose(found, tf.image.ssim(a, b, 255), atol=2e-5)
    a, b = (x.astype(np.float32) / 255 for x in (a, b))
    np.testing.assert_allclose(ssim(a, b, 1.0), tf.image.ssim(a, b, 1.0), atol=2e-5)


@pytest.mark.peers
@pytest.mark.parametrize("shape", [(161, 177), (176, 208)])
def test_tensorflow_at_five_scales(shape):
    a, b = pair(*shape)
    found = jax.jit(ms_ssim)(a, b)
    assert (found < 0.99).all()
    np.testing.assert_allclose(found, tf.image.ssim_multiscale(a, b, 255), atol=2e-5)


def test_equal_images_and_opposite_ones():
    a, _ = pair(161, 161)
    one, five = jax.jit(ssim), jax.jit(ms_ssim)
    for similarity in (one, five):
        np.testing.assert_allclose(similarity(a, a), 1, atol=1e-6)
    assert (one(a, 255 - a) < 0).all()
    np.testing.assert_array_equal(five(a, 255 - a), 0)


def test_bad_input():
    a, b = pair(20, 10)
    with pytest.raises(InputError, match=r"^a: images of 20x10 are too small for SSIM; .* 11x11"):
        ssim(a, b)
    a, b = pair(160, 200)
    with pytest.raises(
        InputError, match=r"^a: images of 160x200 are too small for MS-SSIM; .* 161x"
    ):
        ms_ssim(a, b)
    with pytest.raises(InputError, match=r"^b: .* give two batches of one shape"):
        ssim(a, b[:1])
