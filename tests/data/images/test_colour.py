import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image, ImageEnhance

from jaxgan.data.images.colour import MOST_PIXELS, jittered, levels_of, mean

RNG = np.random.default_rng(0)
CORNERS = np.array([[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)], np.uint8)


def pictures(channels: int) -> np.ndarray:
    """Noise, narrow ranges, and pictures of black, white and pure colours only."""
    noise = RNG.integers(0, 256, (60, 6, 7, 3), dtype=np.uint8)
    dark = RNG.integers(0, 9, (20, 6, 7, 3), dtype=np.uint8)
    one, other = CORNERS[RNG.integers(0, 8, (2, 120, 1, 1))]
    pick = RNG.random((120, 6, 7)) < RNG.random((120, 1, 1))
    pure = np.where(pick[..., None], one, other)
    return np.concatenate([noise, dark, 255 - dark, pure])[..., :channels]


def uniforms(count: int) -> np.ndarray:
    """(3, count), with the extremes."""
    whole = RNG.integers(0, 2**24, (3, count))
    whole[:, : count // 2] = RNG.choice([0, 2**23, 2**24 - 1], (3, count // 2))
    return RNG.permuted(whole, axis=1) / 2**24


def in_floats(images: np.ndarray, u: np.ndarray, strength: float) -> np.ndarray:
    """The augmentation one step after the other, in float64."""
    b, c, s = (1 + strength * (2 * u - 1))[..., None, None, None]
    weights = np.array([0.299, 0.587, 0.114] if images.shape[-1] == 3 else [1.0])
    x = images * b
    m = (x @ weights).mean(axis=(1, 2), keepdims=True)[..., None]
    x = m + c * (x - m)
    if images.shape[-1] == 3:
        g = (x @ weights)[..., None]
        x = g + s * (x - g)
    return np.clip(np.rint(x), 0, 255)


def in_integers(images: np.ndarray, u: np.ndarray, strength: float, dtype=np.int32):
    total = images.sum(axis=(1, 2), dtype=np.uint32)
    means = mean(total, images.shape[1] * images.shape[2]).astype(dtype)
    return levels_of(
        [images[..., k].astype(dtype) for k in range(images.shape[-1])],
        [means[:, k, None, None] for k in range(images.shape[-1])],
        list((u * 2**16).astype(dtype)[..., None, None]),
        strength,
    )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("strength", [0.1, 0.37, 1.0])
def test_bytes_are_within_1_of_the_formula_in_floats(channels, strength):
    images = pictures(channels)
    u = uniforms(len(images))
    out = np.clip(np.stack(in_integers(images, u, strength), axis=-1), 0, 255)
    error = np.abs(out - in_floats(images, u, strength))
    assert error.max() <= 1
    assert error.mean() < 0.05


@pytest.mark.parametrize("channels", [1, 3])
def test_int32_is_wide_enough(channels):
    images = pictures(channels)
    u = uniforms(len(images))
    narrow, wide = (in_integers(images, u, 1.0, dtype) for dtype in (np.int32, np.int64))
    assert narrow[0].dtype == np.int32
    np.testing.assert_array_equal(narrow, wide)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("lead", [(), (2,), (1, 3)])
def test_compiled_is_the_same(channels, lead):
    images = RNG.integers(0, 256, (*lead, 6, 7, channels), dtype=np.uint8)
    random = RNG.integers(0, 2**16, (*lead, 3), dtype=np.int32)
    expected = jittered(images, random, 0.6)
    out = jax.jit(jittered, static_argnums=2)(jnp.asarray(images), jnp.asarray(random), 0.6)
    assert expected.dtype == out.dtype == np.uint8
    np.testing.assert_array_equal(out, expected)


PICTURE = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


def one(image: np.ndarray, u: tuple[float, ...], strength: float) -> np.ndarray:
    return jittered(image, (np.array(u) * 2**16).astype(np.int32), strength)


@pytest.mark.parametrize(
    "place,enhance",
    [(0, ImageEnhance.Brightness), (1, ImageEnhance.Contrast), (2, ImageEnhance.Color)],
)
@pytest.mark.parametrize("factor", [0.7, 1.2])
def test_jitter_is_what_pillow_does(place, enhance, factor):
    """Pillow truncates and rounds its grey level, hence 2 levels of 255."""
    u = [0.5, 0.5, 0.5]
    u[place] = 0.5 + (factor - 1) / (2 * 0.5)
    expected = np.asarray(enhance(Image.fromarray(PICTURE)).enhance(factor)).astype(int)
    assert np.abs(one(PICTURE, tuple(u), 0.5) - expected).max() <= 2


def test_jitter_in_the_middle_changes_nothing():
    np.testing.assert_array_equal(one(PICTURE, (0.5, 0.5, 0.5), 0.8), PICTURE)


def test_jitter_leaves_opacity_alone():
    image = np.concatenate([PICTURE, PICTURE[..., :1]], axis=-1)
    out = one(image, (0.1, 0.9, 0.2), 0.5)
    np.testing.assert_array_equal(out[..., 3], image[..., 3])
    assert (out[..., :3] != PICTURE).any()


def test_jitter_of_grey_has_no_saturation():
    grey = PICTURE[..., :1]
    np.testing.assert_array_equal(one(grey, (0.5, 0.5, 0.9), 0.5), grey)
    np.testing.assert_array_equal(one(grey, (0.25, 0.5, 0.5), 1.0), (grey.astype(int) + 1) // 2)


def test_mean_of_the_largest_image():
    pixels = MOST_PIXELS
    for total in (0, 1, pixels // 128, 123_456_789, 255 * pixels - 1, 255 * pixels):
        out = mean(np.uint32(total), pixels)
        assert int(out) == (64 * total + pixels // 2) // pixels
    assert int(mean(np.uint32(255 * pixels), pixels)) == 255 * 64
