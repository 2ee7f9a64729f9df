"""DiffAugment: each formula beside NumPy's, and every GAN with it."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import ADA, GAN, SGAN, WGAN, DiffAugment, Penalties, ProGAN, StyleGAN2
from jaxgan.algorithms._parts.diff_augment import cut, recoloured, translated
from jaxgan.core import Feature, Given
from jaxgan.core.leg import legs
from jaxgan.errors import InputError
from jaxgan.losses.penalties import gradient_penalty, r1
from tests.small import ALGORITHMS, CRITIC, NETS, POINTS, SMOOTH, SPEC

KEY = jax.random.key(0)
ALL = DiffAugment(policy=("colour", "translation", "cutout"))


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


# The formulas.


@pytest.mark.parametrize("channels", [1, 3])
def test_colours_are_numpys(channels):
    x = images(5, 6, 4, channels)
    b, s, c = (np.asarray(jax.random.uniform(k, (5,))) for k in jax.random.split(KEY, 3))
    expected = []
    for image, brightness, saturation, contrast in zip(x, b, s, c, strict=True):
        image = image + (brightness - 0.5)
        grey = image.mean(-1, keepdims=True)
        image = (image - grey) * (saturation * 2) + grey
        expected.append((image - image.mean()) * (contrast + 0.5) + image.mean())
    np.testing.assert_allclose(jax.jit(recoloured)(x, KEY), np.stack(expected), atol=1e-5)


def test_a_shift_is_by_whole_pixels_and_zeros_come_in():
    x, n, share = images(1, 12, 8, 2) + 3, 300, 0.25  # no pixel is 0
    found = np.asarray(jax.jit(lambda x: translated(x, share, KEY))(np.tile(x, (n, 1, 1, 1))))
    padded = np.pad(x[0], ((3, 3), (2, 2), (0, 0)))
    known = {
        (dy, dx): padded[3 - dy : 15 - dy, 2 - dx : 10 - dx]
        for dy in range(-3, 4)
        for dx in range(-2, 3)
    }
    count = dict.fromkeys(known, 0)
    for image in found:
        (shift,) = [s for s, expected in known.items() if np.array_equal(image, expected)]
        count[shift] += 1
    counts = np.array(list(count.values())).reshape(7, 5)
    np.testing.assert_allclose(counts.sum(1) / n, 1 / 7, atol=0.08)
    np.testing.assert_allclose(counts.sum(0) / n, 1 / 5, atol=0.08)


@pytest.mark.parametrize("size", [8, 7])
def test_a_window_is_cut_out_where_numpy_cuts_it(size):
    n = 200
    found = jax.jit(lambda x: cut(x, 0.5, KEY))(np.ones((n, size, size, 1), np.float32))
    side = int(size * 0.5 + 0.5)
    rows, columns = (
        np.asarray(jax.random.randint(k, (n,), 0, size + 1 - side % 2))
        for k in jax.random.split(KEY)
    )
    for image, row, column in zip(found, rows, columns, strict=True):
        expected = np.ones((size, size, 1))
        y, x = np.meshgrid(np.arange(side) + row - side // 2, np.arange(side) + column - side // 2)
        expected[np.clip(y, 0, size - 1), np.clip(x, 0, size - 1)] = 0  # as the authors clamp
        np.testing.assert_array_equal(image, expected)
    assert {0, size - 1} <= {*rows}


def test_gradients_pass_through_and_no_policy_changes_nothing():
    x, u = (jnp.asarray(images(4, 8, 8, 3, seed=i)) for i in (0, 1))
    assert DiffAugment()(x, KEY) is x
    both = jax.jit(lambda x, u: jax.vjp(lambda x: ALL(x, KEY), x)[1](u)[0])
    step = 1e-2 * images(4, 8, 8, 3, seed=2)
    change = jax.jit(lambda x: ALL(x, KEY))
    left = float((u * (change(x + step) - change(x))).sum())
    assert left == pytest.approx(float((both(x, u) * step).sum()), rel=1e-3, abs=1e-4)


# In the games.

GANS = {
    "gan": GAN(**NETS),
    "lazy": ALGORITHMS["lazy"],
    "sgan": SGAN(**NETS),
    "wgan_gp": WGAN(**CRITIC),
    "r3gan_images": ALGORITHMS["r3gan_images"],
    "progan": ProGAN(),
    "stylegan2": ALGORITHMS["stylegan2"],
}


def traced(config, monkeypatch):
    """The losses of a method that are traced with images of this policy, and how often."""
    seen = []
    monkeypatch.setattr(
        DiffAugment, "__call__", lambda self, x, key: seen.append(x.shape) or jnp.tanh(x)
    )
    *_, leg = legs(config.build(SPEC), SPEC.steps)
    algorithm = leg.algorithm
    batch = SPEC.batch(4, algorithm.batches_per_step)
    state = jax.eval_shape(algorithm.init, KEY, batch)
    jax.eval_shape(algorithm.step, state, batch, KEY)
    return len(seen)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("gan", 3),  # D's reals and fakes, G's fakes
        ("lazy", 5),  # and R1: the reals, and their scores
        pytest.param("sgan", 4, marks=pytest.mark.peers),  # and the labelled images
        ("wgan_gp", 5),  # and both ends of x_hat
        pytest.param("r3gan_images", 6, marks=pytest.mark.peers),  # and R1, R2, the reals of pairs
        pytest.param("progan", 5, marks=pytest.mark.slow),
        pytest.param("stylegan2", 4, marks=pytest.mark.slow),
    ],
)
def test_all_that_a_discriminator_sees_is_augmented(name, least, monkeypatch):
    assert traced(replace(GANS[name], augment=ALL), monkeypatch) >= least


def test_penalties_see_augmented_images():
    """R1 is of D(T(x)) with respect to x, WGAN-GP's x_hat lies between T(x) and T(G(z))."""
    real, fake = (jnp.asarray(images(4, 5, seed=i)) for i in (0, 1))

    def critic(x):
        return jnp.square(x).sum(1)

    def augment(x, key):
        return 3 * x

    both = Penalties(gradient_penalty=1.0, r1=1.0, r2=1.0)
    _, terms = both(critic, real, fake, critic(real), KEY, augment)
    for name, x in (("r1", real), ("r2", fake)):  # (9 x^2)' = 18 x
        np.testing.assert_allclose(terms[name], 18**2 * jnp.square(x).sum(1).mean(), rtol=1e-5)
    expected = gradient_penalty(critic, 3 * real, 3 * fake, KEY)
    np.testing.assert_allclose(terms["gradient_penalty"], expected, rtol=1e-5)
    _, plain = both(critic, real, fake, critic(real), KEY)
    np.testing.assert_allclose(plain["r1"], r1(critic, real), rtol=1e-6)


def test_d_scores_the_augmented_images():
    """The score of reals is that of the net on images augmented with the same key."""
    config = replace(GAN(**SMOOTH), augment=DiffAugment(policy=("colour",)))
    algorithm = config.build(SPEC)
    batch = {"image": np.full((64, 8, 8, 1), 128, np.uint8), "label": np.zeros(64, np.int32)}
    state = jax.jit(algorithm.init)(KEY, batch)
    fitted = replace(
        config,
        generator=config.generator.clone(image_shape=(8, 8, 1)),
        discriminator=config.discriminator.clone(image_shape=(8, 8, 1)),
    )
    given = Given(state.given.variables, {}, None, 0)
    fake = {**batch, "fake": jnp.zeros((64, 8, 8, 1))}
    _, aux = jax.jit(fitted.judge)(given, fake, KEY)
    keys = jax.random.split(KEY, 6)

    @jax.jit
    def score(d):
        seen = config.augment(jnp.full((64, 8, 8, 1), 128 / 127.5 - 1), keys[1])
        return fitted.discriminator.apply(d, seen, train=True).mean()

    expected = score(given.variables["discriminator"])
    np.testing.assert_allclose(aux.metrics["real_logits"], expected, atol=1e-5)


@pytest.mark.parametrize("name", ["points", "r3gan"])
def test_points_are_refused(name):
    with pytest.raises(InputError, match=r"algorithm\.augment\.policy: colour .* leave it empty"):
        replace(ALGORITHMS[name], augment=ALL).build(POINTS)
    replace(ALGORITHMS[name], augment=DiffAugment()).build(POINTS)


def test_shares_out_of_range_are_refused():
    with pytest.raises(InputError, match=r"algorithm\.augment\.cutout: 1\.5 is not in \[0, 1\]"):
        DiffAugment(cutout=1.5).check(Feature("image", (8, 8, 1)))
    assert isinstance(StyleGAN2(augment=ADA()).augment, ADA)
