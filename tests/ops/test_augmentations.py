"""Every transform of an augmentation against NumPy, SciPy or its matrix."""

import colorsys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from PIL import Image as Pillow

from jaxgan.ops import corrupt, recolour, warp


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def numbers(*values):
    return jnp.asarray(values, jnp.float32)


def blobs(x, y):
    """A function of the plane that no filter changes much, x and y in pixels from the middle."""
    x, y = np.asarray(x) * 6 / 31, np.asarray(y) * 6 / 31
    return np.exp(-((x - 0.8) ** 2 + (y + 0.4) ** 2)) - 0.7 * np.exp(-(x**2 + (y - 1) ** 2) / 0.7)


def grid(size=32):
    return np.meshgrid(*(np.arange(size) - (size - 1) / 2,) * 2)


def smooth():
    return blobs(*grid())[None, :, :, None].astype(np.float32)


# Geometry. A matrix here is the inverse, from the result's pixels to those of the image.


def test_flips_quarter_turns_and_whole_shifts_are_exact():
    x = images(4, 6, 6, 2)
    flip = jax.jit(warp.moved)(x, warp.scaling(numbers(-1, 1, -1, 1), numbers(1, 1, -1, -1)))
    expected = [x[0, :, ::-1], x[1], x[2, ::-1, ::-1], x[3, ::-1]]
    np.testing.assert_array_equal(flip, np.stack(expected))
    turned = jax.jit(warp.moved)(x, warp.quarter_turns(numbers(0, 1, 2, 3)))
    # The inverse turns clockwise, so the image turns counterclockwise, as np.rot90 does.
    np.testing.assert_array_equal(turned, np.stack([np.rot90(a, k) for k, a in enumerate(x)]))
    inverse = warp.translation(numbers(2, 0, -1, 5), numbers(0, 1, -2, 0))
    shifted = jax.jit(warp.moved)(x, inverse)
    padded = np.pad(x, ((0, 0), (5, 5), (5, 5), (0, 0)), "reflect")
    for i, (dx, dy) in enumerate(((2, 0), (0, 1), (-1, -2), (5, 0))):
        window = padded[i, 5 + dy : 11 + dy, 5 + dx : 11 + dx]
        np.testing.assert_array_equal(shifted[i], window)


def test_the_wavelets_are_orthogonal_to_their_shifts_and_have_vanishing_moments():
    for taps, moments in ((warp.SYM6, 6), (corrupt.SYM2, 2)):
        h = np.asarray(taps)
        assert h.sum() == pytest.approx(np.sqrt(2), abs=1e-8)
        for shift in range(0, len(h), 2):
            assert h[shift:] @ h[: len(h) - shift] == pytest.approx(float(shift == 0), abs=1e-8)
        k = np.arange(len(h))
        for power in range(moments):
            assert ((-1.0) ** k * (k / len(h)) ** power) @ h == pytest.approx(0, abs=1e-6)


def test_the_identity_and_whole_shifts_pass_the_filter_unchanged():
    x = images(2, 16, 16, 3)
    inverse = warp.translation(numbers(0, 2), numbers(0, -3))
    found = jax.jit(warp.warped)(x, inverse)
    np.testing.assert_allclose(found[0], x[0], atol=1e-5)
    np.testing.assert_allclose(found[1, 3:, :-2], x[1, :-3, 2:], atol=1e-5)


@pytest.mark.parametrize("kind", ["rotation", "isotropic", "anisotropic", "translation"])
def test_a_warped_image_is_the_function_at_the_moved_points_and_pillows(kind):
    x, angle, a, b = smooth(), 0.5, 0.8, 1.25
    inverse, linear, shift = {
        "rotation": (
            warp.rotation(numbers(angle)),
            [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]],
            (0, 0),
        ),
        "isotropic": (warp.scaling(numbers(a), numbers(a)), [[a, 0], [0, a]], (0, 0)),
        "anisotropic": (warp.scaling(numbers(a), numbers(b)), [[a, 0], [0, b]], (0, 0)),
        "translation": (warp.translation(numbers(1.3), numbers(-2.6)), np.eye(2), (1.3, -2.6)),
    }[kind]
    found = jax.jit(warp.warped)(x, inverse)[0, :, :, 0]
    moved = np.einsum("ij,jhw->ihw", linear, np.stack(grid())) + np.reshape(shift, (2, 1, 1))
    inside = np.s_[8:-8, 8:-8]
    np.testing.assert_allclose(found[inside], blobs(*moved)[inside], atol=0.006)
    assert np.abs(blobs(*moved) - x[0, :, :, 0])[inside].max() > 0.05

    # Pillow's coordinates start at the corner of the first pixel; the middle is 16.
    tx, ty = 16 - np.asarray(linear) @ [16, 16] + shift
    (m00, m01), (m10, m11) = linear
    data = (m00, m01, tx, m10, m11, ty)
    picture = Pillow.fromarray(x[0, :, :, 0])
    theirs = picture.transform((32, 32), Pillow.Transform.AFFINE, data, Pillow.Resampling.BICUBIC)
    np.testing.assert_allclose(found[inside], np.asarray(theirs)[inside], atol=0.04)


def test_matrices_compose():
    x = smooth()
    one, two = warp.rotation(numbers(0.4)), warp.translation(numbers(1.5), numbers(0.5))
    both = jax.jit(warp.warped)(x, one @ two)
    after = jax.jit(warp.warped)(jax.jit(warp.warped)(x, one), two)
    np.testing.assert_allclose(both[0, 8:-8, 8:-8], after[0, 8:-8, 8:-8], atol=0.01)


# Colours.


def pixel(matrix, colour):
    out = recolour.recoloured(jnp.asarray(colour, jnp.float32)[None, None, None], matrix)
    return np.asarray(out)[0, 0, 0]


def test_brightness_contrast_luma_and_saturation():
    colour = np.array([0.3, -0.2, 0.7])
    grey = colour.mean()
    np.testing.assert_allclose(pixel(recolour.brightness(numbers(0.2)), colour), colour + 0.2)
    np.testing.assert_allclose(
        pixel(recolour.contrast(numbers(1.5)), colour), 1.5 * colour, rtol=1e-6
    )
    flipped = pixel(recolour.luma_flip(numbers(1)), colour)
    np.testing.assert_allclose(flipped, colour - 2 * grey, atol=1e-6)
    np.testing.assert_allclose(pixel(recolour.luma_flip(numbers(0)), colour), colour, atol=1e-6)
    pale = pixel(recolour.saturation(numbers(0.5)), colour)
    np.testing.assert_allclose(pale, grey + 0.5 * (colour - grey), atol=1e-6)


def test_a_third_of_a_turn_of_the_hue_moves_the_colours_on():
    colour = np.array([0.9, 0.1, 0.2])
    found = pixel(recolour.hue(numbers(2 * np.pi / 3)), colour)
    np.testing.assert_allclose(found, np.roll(colour, 1), atol=1e-6)
    hues = [colorsys.rgb_to_hsv(*rgb)[0] for rgb in (colour, found)]
    assert (hues[1] - hues[0]) % 1 == pytest.approx(1 / 3)
    np.testing.assert_allclose(pixel(recolour.hue(numbers(1.0)), [0.4] * 3), [0.4] * 3, atol=1e-6)


def test_greys_change_as_their_colour_would():
    x = images(3, 4, 4, 1)
    matrix = (
        recolour.contrast(numbers(1.5, 1, 0.7))
        @ recolour.hue(numbers(1, 2, 3))
        @ recolour.luma_flip(numbers(0, 1, 1))
        @ recolour.brightness(numbers(0.1, 0.2, -0.3))
    )
    found = recolour.recoloured(jnp.asarray(x), matrix)
    colours = recolour.recoloured(jnp.asarray(x.repeat(3, 3)), matrix)
    np.testing.assert_allclose(found, colours.mean(3, keepdims=True), atol=1e-6)
    with pytest.raises(ValueError, match="1 or 3"):
        recolour.recoloured(jnp.zeros((3, 4, 4, 2)), matrix)


# Bands and windows.


def test_the_bands_are_octaves_and_sum_to_the_identity():
    taps = corrupt.band_filters()
    identity = np.zeros(43)
    identity[21] = 1
    np.testing.assert_allclose(taps.sum(0), identity, atol=1e-9)
    np.testing.assert_allclose(taps, taps[:, ::-1], atol=1e-9)
    frequencies = np.array([0, 3 / 16, 3 / 8, 3 / 4, 1]) * np.pi
    k = np.arange(-21, 22)
    response = np.cos(frequencies[:, None] * k) @ taps.T
    assert list(response.argmax(1)) == [0, 1, 2, 3, 3]
    np.testing.assert_allclose(response[[0, -1], [0, -1]], 1, atol=1e-9)


def test_amplified_bands_are_scipys_convolution_of_the_mirrored_image():
    from scipy.ndimage import convolve1d

    x, gains = images(2, 12, 9, 2), images(2, 4, seed=1) + 1
    found = jax.jit(corrupt.amplified)(x, gains)
    for image, g, ours in zip(x, gains, found, strict=True):
        taps = g @ corrupt.band_filters()
        expected = convolve1d(convolve1d(image, taps, 0, mode="mirror"), taps, 1, mode="mirror")
        np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_a_window_is_cut_out():
    x = np.ones((3, 8, 8, 2), np.float32)
    found = corrupt.cut_out(
        jnp.asarray(x), numbers(0.5, 0, 0.5), numbers(0.5, 1, 0.5), numbers(0.5, 0.5, 0)
    )
    expected = x.copy()
    expected[0, 2:6, 2:6] = 0
    expected[1, 6:, :2] = 0
    np.testing.assert_array_equal(found, expected)


def test_all_of_them_have_two_derivatives():
    def together(x):
        x = warp.moved(x, warp.quarter_turns(numbers(1)))
        x = warp.warped(x, warp.rotation(numbers(0.3)))
        x = recolour.recoloured(x, recolour.contrast(numbers(1.2)))
        x = corrupt.amplified(x, numbers(1, 2, 1, 0.5)[None])
        return jnp.square(corrupt.cut_out(x, numbers(0.2), numbers(0.2), numbers(0.5))).sum()

    check_grads(jax.jit(together), (jnp.asarray(images(1, 8, 8, 1)),), 2, ("rev",), 0.05, 0.05)
