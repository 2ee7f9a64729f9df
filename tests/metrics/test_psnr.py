"""The peak signal to noise ratio against TensorFlow's."""

import numpy as np
import pytest

from jaxgan.data.hosttf import tf
from jaxgan.errors import InputError
from jaxgan.metrics import psnr


def pair(dtype, side=40):
    rng = np.random.default_rng(0)
    a = rng.integers(0, 256, (3, side, side + 1, 3))
    b = (a + rng.integers(-30, 30, a.shape) * np.arange(1, 4).reshape(3, 1, 1, 1) / 3).clip(0, 255)
    return a.astype(dtype), b.astype(dtype)


def test_tensorflow():
    a, b = pair(np.uint8)
    np.testing.assert_allclose(psnr(a, b), tf.image.psnr(a, b, 255), rtol=1e-5)
    a, b = (x.astype(np.float32) / 255 for x in (a, b))
    np.testing.assert_allclose(psnr(a, b, 1.0), tf.image.psnr(a, b, 1.0), rtol=1e-5)


def test_equal_images_and_one_level_of_noise():
    a = np.full((2, 500, 700, 3), 100, np.uint8)
    assert (psnr(a, a) == np.inf).all()
    np.testing.assert_allclose(psnr(a, a + np.uint8(1)), 20 * np.log10(255), rtol=1e-6)


def test_bad_input():
    a, b = pair(np.uint8)
    with pytest.raises(InputError, match=r"^b: \(3, 40, 40, 3\) beside \(3, 40, 41, 3\); give two"):
        psnr(a, b[:, :, 1:])
