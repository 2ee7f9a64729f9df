"""The three faces against lax and flax, in value and to the second derivative."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxgan.ops import conv

CASES = [(1, 1, 7), (3, 1, 8), (3, 2, 7), (4, 2, 8), (5, 3, 7)]


def draw(*shape):
    return jnp.asarray(np.random.default_rng(sum(shape)).standard_normal(shape))


def second(f):
    """A scalar whose gradient goes through the gradient of ``f``, as a gradient penalty does."""

    def penalty(x, w):
        gx, gw = jax.grad(lambda x, w: jnp.sum(jnp.sin(f(x, w))), argnums=(0, 1))(x, w)
        return jnp.sum(gx**2) + jnp.sum(jnp.cos(gw))

    return jax.grad(penalty, argnums=(0, 1))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("k,s,n", CASES)
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_convolution_equals_lax_to_second_order(k, s, n, padding):
    x, w = draw(2, n, n + 1, 3), draw(k, k, 3, 2)
    numbers = ("NHWC", "HWIO", "NHWC")

    def ours(x, w):
        return conv.conv(x, w, (s, s), padding)

    def lax(x, w):
        return jax.lax.conv_general_dilated(x, w, (s, s), padding, dimension_numbers=numbers)

    np.testing.assert_allclose(ours(x, w), lax(x, w), rtol=1e-9, atol=1e-9)
    for a, b in zip(second(ours)(x, w), second(lax)(x, w), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-8)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("k,s,n", CASES)
@pytest.mark.parametrize("padding", ["SAME", "VALID", ((1, 2), (2, 1))])
def test_transposed_convolution_equals_lax_to_second_order(k, s, n, padding):
    x, w = draw(2, n, n + 1, 3), draw(k, k, 3, 2)

    def ours(x, w):
        return conv.conv_transpose(x, w, (s, s), padding)

    def lax(x, w):
        return jax.lax.conv_transpose(x, w, (s, s), padding)

    np.testing.assert_allclose(ours(x, w), lax(x, w), rtol=1e-9, atol=1e-9)
    for a, b in zip(second(ours)(x, w), second(lax)(x, w), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-8)


@pytest.mark.usefixtures("float64")
def test_gradients_against_finite_differences():
    x, w = draw(2, 6, 5, 2), draw(4, 4, 2, 3)
    for layer in (conv.conv, conv.conv_transpose):
        # Compiled, for check_grads hands NumPy arrays to its function.
        function = jax.jit(partial(layer, strides=(2, 2), padding="SAME"))
        check_grads(function, (x, w), order=2, modes=["rev"])


@pytest.mark.usefixtures("float64")
def test_groups_and_dilation_equal_lax():
    x, w = draw(2, 9, 9, 4), draw(3, 3, 2, 6)

    def ours(x, w):
        return conv.conv(x, w, (1, 1), "SAME", dilation=(2, 2), groups=2)

    def lax(x, w):
        numbers = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(
            x, w, (1, 1), "SAME", None, (2, 2), numbers, feature_group_count=2
        )

    np.testing.assert_allclose(ours(x, w), lax(x, w), rtol=1e-9, atol=1e-9)
    for a, b in zip(second(ours)(x, w), second(lax)(x, w), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("name", ["Conv", "ConvTranspose"])
def test_layers_are_drop_in_for_flax(name):
    x = jax.random.normal(jax.random.key(0), (2, 7, 7, 3))
    layer = getattr(conv, name)(5, (4, 4), (2, 2))
    other = getattr(nn, name)(5, (4, 4), (2, 2))
    ours, theirs = layer.init(jax.random.key(1), x), other.init(jax.random.key(1), x)
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    np.testing.assert_array_equal(ours["params"]["kernel"], theirs["params"]["kernel"])
    np.testing.assert_allclose(layer.apply(theirs, x), other.apply(theirs, x), atol=1e-5)
