"""L*a*b* of the primaries, as published (D65), and there and back."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.ops.lab import lab_to_rgb, rgb_to_lab

KNOWN = {
    (1, 0, 0): (53.24, 80.09, 67.20),
    (0, 1, 0): (87.73, -86.18, 83.18),
    (0, 0, 1): (32.30, 79.19, -107.86),
    (1, 1, 1): (100, 0, 0),
    (0, 0, 0): (0, 0, 0),
    (0.5, 0.5, 0.5): (53.39, 0, 0),
}


def test_the_primaries_are_as_published():
    rgb = jnp.asarray([list(KNOWN)], jnp.float32)[None] * 2 - 1
    expected = np.array(list(KNOWN.values()))
    np.testing.assert_allclose(jax.jit(rgb_to_lab)(rgb)[0, 0], expected, atol=0.02)


def test_there_and_back_is_the_same_byte_for_every_grey_and_many_colours():
    levels = np.linspace(-1, 1, 256)
    grey = np.broadcast_to(levels[:, None], (256, 3))
    colours = np.random.default_rng(0).choice(levels, (2000, 3))
    rgb = jnp.asarray(np.concatenate([grey, colours]), jnp.float32)[None, None]
    found = jax.jit(lambda x: lab_to_rgb(rgb_to_lab(x)))(rgb)
    np.testing.assert_allclose(found, rgb, atol=1e-3)


def test_gradients_are_finite_and_colours_that_srgb_lacks_are_clipped():
    black = -jnp.ones((1, 1, 1, 3))
    there = jax.jit(jax.grad(lambda x: rgb_to_lab(x).sum()))(black)
    back = jax.jit(jax.grad(lambda x: lab_to_rgb(x).sum()))(jnp.zeros((1, 1, 1, 3)))
    assert np.isfinite(there).all()
    assert np.isfinite(back).all()
    wild = jax.jit(lab_to_rgb)(jnp.asarray([[[[50.0, 150.0, -150.0]]]]))
    assert float(jnp.abs(wild).max()) <= 1
