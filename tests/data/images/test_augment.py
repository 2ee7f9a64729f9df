import numpy as np
import pytest
from PIL import Image, ImageEnhance

from jaxgan.data.hosttf import tf
from jaxgan.data.images.augment import flip, jitter, windows
from jaxgan.data.images.resize import crop

PICTURE = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


def jittered(image: np.ndarray, u: tuple[float, float, float], strength: float) -> np.ndarray:
    return jitter(tf.constant(image[None]), tf.constant([u]), strength).numpy()[0]


def test_flip_mirrors_below_a_half():
    images = np.stack([PICTURE, PICTURE])
    out = flip(tf.constant(images), tf.constant([0.49, 0.5])).numpy()
    np.testing.assert_array_equal(out[0], PICTURE[:, ::-1])
    np.testing.assert_array_equal(out[1], PICTURE)


def test_windows_are_the_crops_of_each_image():
    images = np.random.default_rng(1).integers(0, 256, (50, 9, 12, 2), dtype=np.uint8)
    y, x = np.random.default_rng(2).random((2, 50)).astype(np.float32)
    y[0] = x[0] = np.float32(1 - 2**-24)  # The largest uniform: still inside.
    out = windows(tf.constant(images), 8, tf.constant(y), tf.constant(x)).numpy()
    expected = [crop(i, 8, float(a), float(b)) for i, a, b in zip(images, y, x, strict=True)]
    np.testing.assert_array_equal(out, expected)


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
    assert np.abs(jittered(PICTURE, tuple(u), 0.5) - expected).max() <= 2


def test_jitter_in_the_middle_changes_nothing():
    np.testing.assert_array_equal(jittered(PICTURE, (0.5, 0.5, 0.5), 0.8), PICTURE)


def test_jitter_leaves_opacity_alone():
    image = np.concatenate([PICTURE, PICTURE[..., :1]], axis=-1)
    out = jittered(image, (0.1, 0.9, 0.2), 0.5)
    np.testing.assert_array_equal(out[..., 3], image[..., 3])
    assert (out[..., :3] != PICTURE).any()


def test_jitter_of_grey_has_no_saturation():
    grey = PICTURE[..., :1]
    np.testing.assert_array_equal(jittered(grey, (0.5, 0.5, 0.9), 0.5), grey)
    np.testing.assert_array_equal(
        jittered(grey, (0.25, 0.5, 0.5), 1.0), (grey.astype(int) + 1) // 2
    )
