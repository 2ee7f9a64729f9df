"""Magnitude-preserving layers against NumPy: formulas, unit magnitude, norms that stay."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy import integrate, stats

from jaxgan.ops import magnitude
from jaxgan.ops.magnitude import MPConv, MPDense, MPEmbed, mp_silu, mp_sum, renormalized, unit

KEY = jax.random.key(0)


def normal(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def rms(x, axis=None):
    return np.sqrt(np.square(np.asarray(x, np.float64)).mean(axis))


def test_silu_is_divided_by_its_root_mean_square():
    def squared(x):
        return (x / (1 + np.exp(-x))) ** 2 * stats.norm.pdf(x)

    found = np.sqrt(integrate.quad(squared, -12, 12)[0])
    assert found == pytest.approx(magnitude.SILU, abs=5e-4)
    x = np.asarray(normal(50))
    np.testing.assert_allclose(
        mp_silu(jnp.asarray(x)), x / (1 + np.exp(-x)) / 0.596, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("t", [0.0, 0.3, 0.5, 1.0])
def test_a_sum_is_weighted_and_keeps_the_magnitude(t):
    a, b = normal(100_000), normal(100_000, seed=1)
    expected = ((1 - t) * a + t * b) / np.sqrt((1 - t) ** 2 + t**2)
    np.testing.assert_allclose(mp_sum(a, b, t), expected, rtol=1e-5, atol=1e-6)
    assert rms(expected) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("groups", [1, 3])
def test_a_convolution_is_that_of_the_normalized_kernel(groups):
    x, net = normal(2, 5, 4, 6), MPConv(9, 3, groups)
    kernel = 7 * normal(3, 3, 6 // groups, 9, seed=2)
    found = net.apply({"params": {"unit_kernel": kernel}}, x)
    flat = np.asarray(kernel).reshape(-1, 9)
    w = (flat / np.linalg.norm(flat, axis=0)).reshape(kernel.shape)
    padded = np.pad(np.asarray(x), ((0, 0), (1, 1), (1, 1), (0, 0)))
    expected, width, out = np.zeros((2, 5, 4, 9)), 6 // groups, 9 // groups
    for i, j, o in np.ndindex(5, 4, 9):
        start = o // out * width
        patch = padded[:, i : i + 3, j : j + 3, start : start + width]
        expected[:, i, j, o] = (patch * w[..., o]).sum((1, 2, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_dense_layer_and_an_embedding_are_those_of_the_normalized_weights():
    w, x, labels = 3 * normal(5, 4, seed=3), normal(6, 5), jnp.array([4, 0, 4])
    columns = np.asarray(w) / np.linalg.norm(w, axis=0)
    found = MPDense(4).apply({"params": {"unit_kernel": w}}, x)
    np.testing.assert_allclose(found, np.asarray(x) @ columns, rtol=1e-5, atol=1e-6)
    found = MPEmbed(5, 4).apply({"params": {"unit_table": w}}, labels)
    np.testing.assert_allclose(found, np.sqrt(5) * columns[labels], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 50.0])
def test_unit_magnitude_in_is_unit_magnitude_out_at_any_weights(scale):
    x = normal(64, 8, 8, 32)
    net = MPConv(64, 1)
    variables = jax.tree.map(lambda w: scale * w, net.init(KEY, x))
    np.testing.assert_allclose(rms(net.apply(variables, x), (0, 1, 2)), 1, rtol=0.05)


def test_weights_of_that_name_alone_are_set_back():
    tree = {"a": {"unit_kernel": 9 * normal(3, 3, 2, 4), "bias": normal(4)}, "gain": normal()}
    found = renormalized(tree)
    norms = np.linalg.norm(np.asarray(found["a"]["unit_kernel"]).reshape(-1, 4), axis=0)
    np.testing.assert_allclose(norms, np.sqrt(18), rtol=1e-5)
    np.testing.assert_array_equal(found["a"]["bias"], tree["a"]["bias"])
    np.testing.assert_array_equal(found["gain"], tree["gain"])
    np.testing.assert_allclose(
        renormalized(found)["a"]["unit_kernel"], found["a"]["unit_kernel"], rtol=1e-6
    )


def test_gradients_are_orthogonal_to_the_weights_and_finite_at_zero():
    w, x = normal(5, 4), normal(6, 5)

    def loss(w):
        return jnp.sin(x @ unit(w)).sum()

    gradient = jax.grad(loss)(w)
    np.testing.assert_allclose((gradient * w).sum(0), 0, atol=1e-4)
    assert np.isfinite(jax.grad(loss)(jnp.zeros_like(w))).all()
    check_grads(jax.jit(loss), (w,), 2, ("rev",), 0.02, 0.02)
