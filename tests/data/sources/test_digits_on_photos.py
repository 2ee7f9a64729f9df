"""Digits on photographs: pixels that are the photograph's and masks that are the digits'."""

import functools

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_sample_image

from jaxgan.core import Feature
from jaxgan.data.sources import digits_on_photos
from jaxgan.data.sources.digits_on_photos import open_digits_on_photos

pytestmark = pytest.mark.xdist_group("digits on photos")  # one worker: they share a fixture

PHOTOS = functools.cache(lambda: [load_sample_image(f) for f in ("china.jpg", "flower.jpg")])


@pytest.fixture(autouse=True, scope="module")
def few():
    """Image i depends on i alone, so that a few are the first of all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digits_on_photos, "TRAIN", 60)
        patch.setattr(digits_on_photos, "TEST", 20)
        yield


def window_of(image, mask):
    """The photograph, and the first column, of the window that the image's background shows."""
    free = np.argwhere(mask[:8] == 0)[:40]
    places = [
        (photo, top, left)
        for photo in PHOTOS()
        for top in range(photo.shape[0] - 63)
        for left in np.flatnonzero(
            (photo[top + free[0, 0], free[0, 1] : photo.shape[1] - 63 + free[0, 1]]
             == image[free[0, 0], free[0, 1]]).all(-1)
        )
    ]  # fmt: skip
    fit = [
        (np.mean((photo[top : top + 64, left : left + 64] == image).all(-1)), left)
        for photo, top, left in places
    ]
    return max(fit)


def test_examples_are_the_same_every_time_and_have_all_classes():
    one, other = open_digits_on_photos(), open_digits_on_photos()
    assert one.features == {
        "image": Feature("image", (64, 64, 3)), "mask": Feature("mask", (64, 64), 11),
    }  # fmt: skip
    assert one.class_names == ("background", *map(str, range(10)))
    assert one.arrays.keys() == {"image", "mask"}
    for name, array in one.arrays.items():
        np.testing.assert_array_equal(array, other.arrays[name])
        np.testing.assert_array_equal(array[7], one.example(7)[name])
    masks = one.arrays["mask"]
    assert set(np.unique(masks)) == set(range(11))
    share = (masks == 0).mean()
    assert one.notes[0].startswith(f"share of the pixels: background {share:.1%}, 0 ")
    assert (masks.max((1, 2)) > 0).all()  # a digit on every image


def test_the_parts_have_nothing_in_common():
    source = open_digits_on_photos()
    test = source.test()
    assert len(test) == 20
    for part, inside in ((source, range(512 - 63)), (test, range(512, 640 - 63))):
        for i in range(3):
            example = part.example(i)
            share, left = window_of(example["image"], example["mask"])
            assert share > 0.3  # the rest is under digits
            assert left in inside


def test_the_mask_is_the_digit_where_it_is_opaque():
    """An image whose only digit is known: its mask is that digit, enlarged and cut at half."""
    digits, labels = load_digits(return_X_y=True)
    side = 16
    opacity = digits_on_photos._enlarged(np.rint(digits[5].reshape(8, 8) * 255 / 16), side)
    assert opacity.shape == (side, side)
    middle = digits[5].reshape(8, 8) / 16
    block = opacity.reshape(8, 2, 8, 2).mean((1, 3))  # bilinear: .75^2 of a pixel, the rest near
    assert np.corrcoef(block.ravel(), middle.ravel())[0, 1] > 0.97
    assert labels[5] == 5
