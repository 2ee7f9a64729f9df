import operator

import jax
import numpy as np
import pytest

from jaxgan.data.images.colour import MOST_PIXELS, jittered, mean

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
    return jittered(
        [images[..., k].astype(dtype) for k in range(images.shape[-1])],
        [means[:, k, None, None] for k in range(images.shape[-1])],
        list((u * 2**16).astype(dtype)[..., None, None]),
        strength,
        operator.rshift,
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


def test_compiled_is_the_same():
    images = pictures(3)
    u = uniforms(len(images))
    total = images.sum(axis=(1, 2), dtype=np.uint32)
    means = mean(total, 42).astype(np.int32)[..., None, None]
    channels = np.moveaxis(images, -1, 0).astype(np.int32)
    random = (u * 2**16).astype(np.int32)[..., None, None]

    @jax.jit
    def compiled(channels, means, random):
        return jittered(list(channels), list(means), list(random), 0.6, operator.rshift)

    expected = in_integers(images, u, 0.6)
    np.testing.assert_array_equal(compiled(channels, np.moveaxis(means, 1, 0), random), expected)


def test_mean_of_the_largest_image():
    pixels = MOST_PIXELS
    for total in (0, 1, pixels // 128, 123_456_789, 255 * pixels - 1, 255 * pixels):
        out = mean(np.uint32(total), pixels)
        assert int(out) == (64 * total + pixels // 2) // pixels
    assert int(mean(np.uint32(255 * pixels), pixels)) == 255 * 64
