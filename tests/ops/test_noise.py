"""Each kind of damage against SciPy, Pillow or its own definition."""

import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image as Pillow
from scipy import ndimage
from sklearn.datasets import load_sample_image

from jaxgan.ops import noise
from jaxgan.ops.jpeg import jpeg
from jaxgan.ops.pixels import to_float, to_uint8

KEY = jax.random.key(0)
GREY = jnp.zeros((8, 40, 50, 3))
PHOTO = load_sample_image("china.jpg")[100:175, 200:290]  # sides that 8 does not divide


def test_gaussian_noise_has_its_deviation_in_each_image_and_stays_in_range():
    noisy = np.asarray(noise.gaussian(GREY, KEY, 0.2))
    np.testing.assert_allclose([noisy.mean(), noisy.std()], [0, 0.2], atol=2e-3)
    assert np.abs(noisy[0] - noisy[1]).max() > 0
    assert float(jnp.abs(noise.gaussian(GREY, KEY, 5.0)).max()) == 1


def test_salt_and_pepper_are_a_share_of_whole_pixels():
    noisy = np.asarray(noise.salt_and_pepper(GREY, KEY, 0.3))
    assert set(np.unique(noisy)) == {-1, 0, 1}
    np.testing.assert_allclose([(noisy == v).mean() for v in (-1, 1)], 0.15, atol=0.01)
    assert (noisy == noisy[..., :1]).all()


def test_a_mask_is_one_window_inside_the_image_elsewhere_in_each():
    found = np.asarray(noise.masked(jnp.ones_like(GREY), KEY, 0.5)) == 0
    np.testing.assert_array_equal(found.sum((1, 2, 3)), 20 * 25 * 3)
    rows, columns = found[..., 0].any(2), found[..., 0].any(1)
    assert (rows.sum(1) == 20).all()
    assert (columns.sum(1) == 25).all()
    assert len({row.tobytes() for row in rows}) > 1


@pytest.mark.parametrize("radius", [1.0, 2.0, 30.0])
def test_blur_is_scipys(radius):
    images = np.random.default_rng(0).uniform(-1, 1, (2, 20, 17, 1)).astype(np.float32)
    sigma = (0, radius, radius, 0)
    expected = ndimage.gaussian_filter(images, sigma, mode="reflect", truncate=3.0)
    np.testing.assert_allclose(noise.blurred(jnp.asarray(images), radius), expected, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("quality", [5, 30, 90])
def test_jpeg_is_what_a_file_gives_back(channels, quality):
    pixels = PHOTO if channels == 3 else PHOTO[..., :1]
    file = io.BytesIO()
    picture = Pillow.fromarray(pixels if channels == 3 else pixels[..., 0])
    picture.save(file, "JPEG", quality=quality, subsampling=0)
    expected = np.asarray(Pillow.open(file)).reshape(pixels.shape).astype(int)
    found = to_uint8(jax.jit(jpeg, static_argnums=1)(to_float(jnp.asarray(pixels[None])), quality))
    away = np.abs(np.asarray(found)[0] - expected)
    loss = np.abs(pixels.astype(int) - expected).mean()
    assert away.mean() < 0.2 * loss  # libjpeg's own DCT is one of integers
    assert np.quantile(away, 0.9) <= 2
