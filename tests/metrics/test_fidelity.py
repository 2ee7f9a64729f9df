import functools

import jax
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.metrics import fidelity, ssim


def images(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


@functools.cache
def compiled(scale):
    return jax.jit(functools.partial(fidelity, scale=scale))


@pytest.mark.parametrize("scale", [2])
def test_psnr_is_that_of_luma_without_a_border(scale):
    made, real = images(2, 20, 24, 3), images(2, 20, 24, 3, seed=1)
    values = compiled(scale)(made, real)
    inner = (slice(None), slice(scale, 20 - scale), slice(scale, 24 - scale))
    a, b = (x[inner].astype(np.float64) for x in (made, real))
    ya, yb = (16 + x @ np.array([65.481, 128.553, 24.966]) / 255 for x in (a, b))
    for name, x, y in (("y", ya, yb), ("rgb", a, b)):
        mse = ((x - y) ** 2).reshape(2, -1).mean(1)
        found = values[f"psnr_{name}_x{scale}_border{scale}"]
        np.testing.assert_allclose(found, 10 * np.log10(255**2 / mse), rtol=1e-5)
    found = values[f"ssim_y_x{scale}_border{scale}"]
    expected = jax.jit(ssim)(ya[..., None].astype(np.float32), yb[..., None].astype(np.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_border_does_not_count():
    real = images(2, 20, 24, 3)
    made = real.copy()
    made[:, :2] = made[:, -2:] = 255 - made[:, :2]
    other = made.copy()
    other[:, 2, 2] += 1
    found = [compiled(2)(x, real)["psnr_y_x2_border2"][0] for x in (made, other)]
    assert np.isinf(found).tolist() == [True, False]


def test_grey_images_have_one_kind_and_small_ones_no_ssim():
    made, real = images(1, 8, 8, 1), images(1, 8, 8, 1, seed=1)
    assert list(fidelity(made, real, 2)) == ["psnr_grey_x2_border2"]


def test_images_of_two_shapes_are_refused():
    with pytest.raises(InputError, match="give two batches of one shape"):
        fidelity(images(1, 8, 8, 3), images(1, 8, 9, 3), 2)
