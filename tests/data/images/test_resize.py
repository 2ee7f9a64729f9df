import numpy as np
import pytest
from PIL import Image, ImageDraw

from jaxgan.data.images.resize import (
    CENTRE,
    crop,
    fit,
    fit_all,
    fit_mask,
    offset,
    prepared,
    to_channels,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("width,height", [(60, 40), (40, 60), (50, 50)])
def test_a_circle_stays_a_circle(width, height):
    picture = Image.new("L", (width, height))
    box = (width // 2 - 15, height // 2 - 15, width // 2 + 14, height // 2 + 14)
    ImageDraw.Draw(picture).ellipse(box, fill=255)
    out = crop(fit(np.asarray(picture)[..., None], 32), 32, CENTRE, CENTRE)[..., 0] > 127
    ys, xs = np.nonzero(out)
    assert out.shape == (32, 32)
    assert abs(np.ptp(ys) - np.ptp(xs)) <= 1
    assert abs(np.ptp(ys) + 1 - 30 * 32 / min(width, height)) <= 2
    assert abs(ys.mean() - 15.5) < 1
    assert abs(xs.mean() - 15.5) < 1


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("side", [8, 64])
def test_resize_is_pillows_bicubic(channels, side):
    image = RNG.integers(0, 256, (20, 30, channels), dtype=np.uint8)
    picture = Image.fromarray(image[..., 0] if channels == 1 else image)
    expected = np.asarray(picture.resize((side * 3 // 2, side), Image.Resampling.BICUBIC))
    out = fit(image, side)
    np.testing.assert_array_equal(out, expected[..., None] if channels == 1 else expected)


def test_shrinking_is_antialiased():
    """One-pixel stripes become grey, not black or white."""
    stripes = np.zeros((64, 64, 1), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(fit(stripes, 16).astype(int) - 127).max() <= 10


def test_size_that_fits_is_left_alone():
    image = RNG.integers(0, 256, (8, 12, 3), dtype=np.uint8)
    np.testing.assert_array_equal(fit(image, 8), image)


def test_crop_places():
    image = np.arange(5 * 7, dtype=np.uint8).reshape(5, 7, 1)
    np.testing.assert_array_equal(crop(image, 3, 0, 0), image[:3, :3])
    np.testing.assert_array_equal(crop(image, 3, CENTRE, CENTRE), image[1:4, 2:5])
    np.testing.assert_array_equal(crop(image, 3, 2**16 - 1, 2**16 - 1), image[2:, 4:])


def test_prepared_is_each_image_by_itself():
    images = RNG.integers(0, 256, (4, 10, 14, 3), dtype=np.uint8)
    for room in (0, 2):
        out = prepared(images, 6, room, 1)
        singles = [fit(to_channels(image, 1), 6 + room) for image in images]
        expected = singles if room else [crop(image, 6, CENTRE, CENTRE) for image in singles]
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("height,width,side", [(28, 28, 32), (28, 28, 9), (8, 8, 8), (20, 9, 7)])
def test_all_images_at_once_are_each_by_itself(height, width, side, channels):
    images = RNG.integers(0, 256, (5, height, width, channels), dtype=np.uint8)
    expected = np.stack([fit(image, side) for image in images])
    np.testing.assert_array_equal(fit_all(images, side), expected)


def test_grey_and_opaque_are_repeated():
    grey = RNG.integers(0, 256, (3, 4, 5, 1), dtype=np.uint8)
    np.testing.assert_array_equal(to_channels(grey, 3), np.repeat(grey, 3, axis=-1))
    rgba = to_channels(grey, 4)
    np.testing.assert_array_equal(rgba[..., :3], np.repeat(grey, 3, axis=-1))
    assert (rgba[..., 3] == 255).all()


def test_rgb_to_grey_is_pillows_luma():
    rgb = RNG.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(rgb).convert("L")).astype(int)
    assert np.abs(to_channels(rgb, 1)[..., 0] - expected).max() <= 1


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_grey_levels_survive_every_conversion(channels):
    levels = np.arange(256, dtype=np.uint8)[:, None, None]
    np.testing.assert_array_equal(to_channels(to_channels(levels, channels), 1), levels)


def test_transparency_is_laid_over_white():
    rgba = RNG.integers(0, 256, (16, 16, 4), dtype=np.uint8)
    rgba[0, 0] = (10, 20, 30, 0)
    rgba[0, 1] = (10, 20, 30, 255)
    out = to_channels(rgba, 3)
    alpha = rgba[..., 3:] / 255
    np.testing.assert_allclose(out, rgba[..., :3] * alpha + 255 * (1 - alpha), atol=0.51)
    assert list(out[0, 0]) == [255, 255, 255]
    assert list(out[0, 1]) == [10, 20, 30]


@pytest.mark.parametrize("room", [0, 1, 2, 30, 500])
def test_offsets_reach_every_place_equally_often(room):
    counts = np.bincount(offset(np.arange(2**16, dtype=np.int32), room), minlength=room + 1)
    assert len(counts) == room + 1
    assert np.ptp(counts) <= 1
    assert offset(CENTRE, room) == (room + 1) // 2


@pytest.mark.parametrize("side", [5, 8, 40])
def test_masks_are_resized_by_nearest_neighbour(side):
    mask = RNG.choice(np.array([0, 3, 7, 200], np.uint8), (20, 30))
    out = fit_mask(mask, side)
    assert out.shape == (side, round(30 * side / 20))
    assert set(out.ravel()) <= {0, 3, 7, 200}
    rows = ((np.arange(out.shape[0]) + 0.5) * 20 / out.shape[0]).astype(int)
    columns = ((np.arange(out.shape[1]) + 0.5) * 30 / out.shape[1]).astype(int)
    np.testing.assert_array_equal(out, mask[rows][:, columns])
