"""ADA's augmentations: how often each happens, how strongly, and what their matrices do."""

import functools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import ADA
from jaxgan.core import Feature
from jaxgan.errors import InputError

KEY = jax.random.key(0)
ALL = ("blit", "geometric", "colour", "filter", "noise", "cutout")
STILL = ADA(
    whole_shift=0.0, isotropic=0.0, rotation=0.0, anisotropic=0.0, shift=0.0, brightness=0.0,
    contrast=0.0, hue=0.0, saturation=0.0, gains=0.0, sigma=0.0, window=0.0,
)  # fmt: skip
MANY = 20_000


def images(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32))


@functools.partial(jax.jit, static_argnums=0)
def moves(ada, p):
    return ada.moves(MANY, (16, 16), p, KEY)


@functools.partial(jax.jit, static_argnums=(0, 1))
def colours(ada, channels, p):
    return ada.colours(MANY, channels, p, KEY)


@jax.jit
def transformed(x, p):
    return ADA(transforms=ALL)(x, p, KEY)


def geometry(ada, p):
    """M, from the inverse, of draws at 16 px, in units of a side."""
    inverse = moves(ada, p)
    matrix = np.linalg.inv(np.asarray(inverse, np.float64))
    matrix[:, :2, 2] /= 16
    return matrix


def share(found, still):
    """The share of draws that differ from what nothing does."""
    return (np.abs(found - still) > 1e-5).reshape(len(found), -1).any(1).mean()


def test_at_p_0_images_stay_as_they_are():
    x = images(4, 8, 8, 3)
    np.testing.assert_allclose(transformed(x, 0.0), x, atol=2e-5)
    exact = ADA(transforms=("blit", "colour", "noise", "cutout"))
    grey = x[..., :1]
    found = jax.jit(lambda x, p: exact(x, p, KEY))(grey, 0.0)
    np.testing.assert_allclose(found, grey, atol=1e-6)


def test_blits_happen_so_often_and_equally():
    """Half of the flips, a quarter of the turns and a fifth of the shifts at 16 px do nothing."""
    p = 0.6
    inverse = jax.jit(lambda p: ADA().blits(MANY, (16, 16), p, KEY))(p)
    matrix = np.linalg.inv(np.asarray(inverse, np.float64)).round(6)
    linear, shift = matrix[:, :2, :2], matrix[:, :2, 2]
    assert (np.linalg.det(linear) < 0).mean() == pytest.approx(p / 2, abs=0.015)
    turned = (np.linalg.det(linear) > 0) & (np.abs(linear - np.eye(2)).max((1, 2)) > 0)
    assert turned.mean() == pytest.approx((1 - p / 2) * 3 / 4 * p, abs=0.015)
    np.testing.assert_array_equal(shift, shift.round())
    values, counts = np.unique(shift[:, 0], return_counts=True)
    assert list(values) == [-2, -1, 0, 1, 2]
    # 2 is half as likely as 1: U(-2, 2), rounded.
    expected = p * np.array([1, 2, 2, 2, 1]) / 8 + (1 - p) * np.array([0, 0, 1, 0, 0])
    np.testing.assert_allclose(counts / MANY, expected, atol=0.015)


@pytest.mark.parametrize("name", ["isotropic", "rotation", "anisotropic", "shift"])
def test_each_motion_happens_with_probability_p(name):
    ada = replace(STILL, **{name: getattr(ADA(), name)})
    assert share(geometry(ada, 0.4), np.eye(3)) == pytest.approx(0.4, abs=0.015)
    assert share(geometry(ada, 1.0), np.eye(3)) == pytest.approx(1, abs=0.001)


def test_motions_are_as_strong_as_they_should_be():
    scaled = geometry(replace(STILL, isotropic=0.2), 1.0)
    np.testing.assert_allclose(scaled[:, 0, 0], scaled[:, 1, 1], rtol=1e-5)
    assert np.log2(scaled[:, 0, 0]).std() == pytest.approx(0.2, abs=0.005)
    stretched = geometry(replace(STILL, anisotropic=0.2), 1.0)
    np.testing.assert_allclose(stretched[:, 0, 0] * stretched[:, 1, 1], 1, rtol=1e-5)
    assert np.log2(stretched[:, 0, 0]).std() == pytest.approx(0.2, abs=0.005)
    turned = geometry(replace(STILL, rotation=1.0), 1.0)
    angle = np.arctan2(turned[:, 1, 0], turned[:, 0, 0])
    np.testing.assert_allclose(np.histogram(angle, 4)[0] / MANY, 0.25, atol=0.015)
    shifted = geometry(replace(STILL, shift=0.125), 1.0)
    np.testing.assert_allclose(shifted[:, :2, 2].std(0), 0.125, atol=0.003)


def test_one_matrix_is_the_five_motions_in_their_order():
    """Each motion is read from a run of it alone; NumPy multiplies them."""
    whole = geometry(ADA(), 1.0)[:50]
    names = ("isotropic", "rotation", "anisotropic", "shift")
    scale, both, stretch, shift = (
        geometry(replace(STILL, **{name: getattr(ADA(), name)}), 1.0)[:50] for name in names
    )
    # Both rotations together are known; the second one, alone, is drawn from its key.
    k_after = jax.random.split(jax.random.split(KEY, 5)[3])[1]
    angle = np.asarray(jax.random.uniform(k_after, (MANY,), minval=-np.pi, maxval=np.pi))[:50]
    after = np.tile(np.eye(3), (50, 1, 1))
    after[:, 0, 0] = after[:, 1, 1] = np.cos(angle)
    after[:, 1, 0], after[:, 0, 1] = np.sin(angle), -np.sin(angle)
    before = after.swapaxes(1, 2) @ both
    np.testing.assert_allclose(whole, shift @ after @ stretch @ before @ scale, atol=1e-4)


COLOURS = ["brightness", "contrast", "hue", "saturation"]


@pytest.mark.parametrize("name", COLOURS)
def test_each_colour_happens_with_probability_p(name):
    ada = replace(STILL, **{name: getattr(ADA(), name)})

    def drawn(p, channels=3):
        return np.asarray(colours(ada, channels, p))

    # Half of all luma flips do something.
    flips = np.linalg.det(drawn(0.4)[:, :3, :3]) < 0
    assert flips.mean() == pytest.approx(0.2, abs=0.015)
    unflipped = drawn(0.4)[~flips]
    assert share(unflipped, np.eye(4)) == pytest.approx(0.4, abs=0.015)
    if name in ("hue", "saturation"):  # a grey has none
        matrices = drawn(1.0, 1)
        assert share(matrices[np.linalg.det(matrices[:, :3, :3]) > 0], np.eye(4)) == 0


def test_colours_are_as_strong_as_they_should_be():
    def drawn(**strength):
        matrix = np.asarray(colours(replace(STILL, **strength), 3, 1.0))
        flip = np.linalg.det(matrix[:, :3, :3]) < 0
        grey = np.zeros((4, 4))
        grey[:3, :3] = 1 / 3
        luma = np.where(flip[:, None, None], np.eye(4) - 2 * grey, np.eye(4))
        return np.linalg.solve(luma, matrix)

    assert drawn(brightness=0.2)[:, 0, 3].std() == pytest.approx(0.2, abs=0.005)
    assert np.log2(drawn(contrast=0.5)[:, 0, 0]).std() == pytest.approx(0.5, abs=0.01)
    pale = np.linalg.det(drawn(saturation=1.0)[:, :3, :3])  # s^2
    assert np.log2(pale).std() == pytest.approx(2, abs=0.05)
    angle = np.arccos(
        np.clip((np.trace(drawn(hue=1.0)[:, :3, :3], axis1=1, axis2=2) - 1) / 2, -1, 1)
    )
    np.testing.assert_allclose(np.histogram(angle, 4, (0, np.pi))[0] / MANY, 0.25, atol=0.015)


def test_the_gains_of_bands_keep_the_expected_power():
    p = 0.3
    gains = np.asarray(jax.jit(lambda p: ADA().band_gains(MANY, p, KEY))(p))
    assert share(gains, 1.0) == pytest.approx(1 - (1 - p) ** 4, abs=0.015)
    # One band alone: from t in the first of four, which has 10/13 of the power.
    power = np.array([10, 1, 1, 1]) / 13
    one = np.ptp(gains[:, 1:], axis=1) < 1e-5
    np.testing.assert_allclose(np.square(gains[one]) @ power, 1, rtol=1e-4)
    t = gains[one, 0] / gains[one, 1]
    assert np.log2(t[np.abs(t - 1) > 1e-5]).std() == pytest.approx(1, abs=0.06)


def test_noise_and_windows_happen_so_often():
    x, p, n = jnp.ones((4000, 8, 8, 1)), 0.3, 4000
    noisy = jax.jit(lambda x, p: ADA(transforms=("noise",))(x, p, KEY))(x, p) - 1
    deviation = np.asarray(noisy).reshape(n, -1).std(1)
    assert (deviation > 0).mean() == pytest.approx(p, abs=0.03)
    assert np.sqrt(np.square(deviation[deviation > 0]).mean()) == pytest.approx(0.1, rel=0.1)
    cut = jax.jit(lambda x, p: ADA(transforms=("cutout",))(x, p, KEY))(x, p)
    zeros = (np.asarray(cut) == 0).reshape(n, -1).sum(1)
    assert (zeros > 0).mean() == pytest.approx(p, abs=0.03)
    assert zeros.max() == 16  # 4x4 of 8x8


def test_examples_are_transformed_on_their_own():
    x = jnp.broadcast_to(images(1, 8, 8, 3), (4, 8, 8, 3))
    found = np.asarray(transformed(x, 1.0))
    distances = np.abs(found[:, None] - found[None]).max((2, 3, 4))
    assert (distances[~np.eye(4, dtype=bool)] > 0.01).all()


def test_the_gradient_is_the_transpose_of_the_transform():
    """T(x + v) - T(x) = J v, since T is affine; <u, J v> = <J^T u, v>."""
    x, v, u = (images(4, 8, 8, 3, seed=i) for i in range(3))
    pulled = jax.jit(lambda x, u: jax.vjp(lambda x: transformed(x, 0.9), x)[1](u)[0])(x, u)
    left = float((u * (transformed(x + v, 0.9) - transformed(x, 0.9))).sum())
    assert left == pytest.approx(float((pulled * v).sum()), rel=1e-3, abs=1e-3)
    assert (jnp.abs(pulled).max((1, 2, 3)) > 0).all()


@pytest.mark.parametrize(
    ("fields", "channels", "line"),
    [
        ({"p": 1.5}, 1, r"algorithm\.augment\.p: 1\.5 is not in \[0, 1\]"),
        ({"target": 2.0}, 1, r"algorithm\.augment\.target: 2\.0 is not in \[-1, 1\]"),
        ({"kimg": 0.0}, 1, r"algorithm\.augment\.kimg: 0\.0 is not above 0"),
        ({"every": 0}, 1, r"algorithm\.augment\.every: 0 is below 1"),
        ({"hue": -1.0}, 1, r"algorithm\.augment\.hue: -1\.0 is below 0"),
        ({}, 2, r"algorithm\.augment\.transforms: images of 2 channels .* leave out colour"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(fields, channels, line):
    with pytest.raises(InputError, match=line):
        replace(ADA(), **fields).check(Feature("image", (8, 8, channels)))
