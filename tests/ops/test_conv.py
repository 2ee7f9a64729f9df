"""The three faces against lax and flax, in value and to the second derivative."""

import itertools
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.test_util import check_grads

from jaxgan.ops import conv, forms, mean_pool, upsample

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

    def plain(x, w):
        return jax.lax.conv_general_dilated(x, w, (s, s), padding, dimension_numbers=numbers)

    np.testing.assert_allclose(ours(x, w), plain(x, w), rtol=1e-9, atol=1e-9)
    for a, b in zip(second(ours)(x, w), second(plain)(x, w), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-8)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("k,s,n", CASES)
@pytest.mark.parametrize("padding", ["SAME", "VALID", ((1, 2), (2, 1))])
def test_transposed_convolution_equals_lax_to_second_order(k, s, n, padding):
    x, w = draw(2, n, n + 1, 3), draw(k, k, 3, 2)

    def ours(x, w):
        return conv.conv_transpose(x, w, (s, s), padding)

    def plain(x, w):
        return jax.lax.conv_transpose(x, w, (s, s), padding)

    np.testing.assert_allclose(ours(x, w), plain(x, w), rtol=1e-9, atol=1e-9)
    for a, b in zip(second(ours)(x, w), second(plain)(x, w), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-8)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("layer", ["conv", "conv_transpose"])
def test_gradients_to_second_order_against_finite_differences(layer, size, stride):
    """Through every form that a CPU takes: an odd and an even side; few channels on either side."""
    for n, (inputs, outputs) in itertools.product((7, 8), ((5, 6), (1, 6), (6, 1))):
        x, w = draw(2, n, n, inputs), draw(size, size, inputs, outputs) / size
        function = partial(getattr(conv, layer), strides=(stride, stride), padding="SAME")
        # Compiled, for check_grads hands NumPy arrays to its function.
        check_grads(jax.jit(function), (x, w), order=2, modes=["rev"])


WAYS = [
    (7, 1, 16, 6, 2), (3, 1, 8, 6, 1), (4, 2, 16, 3, 6), (4, 2, 16, 5, 6), (4, 2, 8, 5, 6),
    (3, 2, 9, 5, 6), (4, 4, 4, 5, 6), (6, 3, 24, 5, 6), (5, 2, 16, 5, 6), (1, 2, 8, 5, 6),
    (2, 3, 9, 5, 6),
]  # fmt: skip
"""(kernel, stride, side, input channels, output channels)"""


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("k,s,n,inputs,outputs", WAYS)
def test_every_form_equals_the_plain_one(k, s, n, inputs, outputs):
    padding = lax.padtype_to_pads((n, n), (k, k), (s, s), "SAME")
    geometry = forms.Geometry((n, n), (k, k), (s, s), tuple(padding))
    x, w = draw(2, n, n, inputs), draw(k, k, inputs, outputs)
    out = jax.jit(forms._forward, static_argnums=0)(geometry, x, w)
    g = draw(*out.shape)
    for ours, plain, a, b in (
        (forms.forward, forms._forward, x, w),
        (forms.backward_input, forms._backward_input, g, w),
        (forms.backward_kernel, forms._backward_kernel, x, g),
    ):
        found = jax.jit(ours, static_argnums=0)(geometry, a, b)
        expected = jax.jit(plain, static_argnums=0)(geometry, a, b)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_the_ways_above_take_every_form():
    taken = set()
    for k, s, n, inputs, outputs in WAYS:
        padding = lax.padtype_to_pads((n, n), (k, k), (s, s), "SAME")
        geometry = forms.Geometry((n, n), (k, k), (s, s), tuple(padding))
        g = jnp.zeros((2, -(-n // s), -(-n // s), outputs))
        taken.add(forms._backward_input_form(geometry, g, jnp.zeros((k, k, inputs, outputs))))
    names = {name for name in vars(forms) if name.startswith("_backward_input_")}
    assert {form.__name__ for form in taken} == names - {"_backward_input_form"} | {
        "_backward_input"
    }


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("k", [1, 3, 5])
def test_convolution_and_resampling_as_one_kernel_equal_both_in_turn(k):
    x, w = draw(2, 6, 8, 5), draw(k, k, 5, 4)
    pairs = (
        (conv.conv_mean_pool, lambda x, w: mean_pool(conv.conv(x, w))),
        (conv.upsample_conv, lambda x, w: conv.conv(upsample(x), w)),
    )
    for fused, plain in pairs:
        np.testing.assert_allclose(fused(x, w), plain(x, w), rtol=1e-9, atol=1e-9)
        for a, b in zip(second(fused)(x, w), second(plain)(x, w), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-8)


@pytest.mark.usefixtures("float64")
def test_groups_and_dilation_equal_lax():
    x, w = draw(2, 9, 9, 4), draw(3, 3, 2, 6)

    def ours(x, w):
        return conv.conv(x, w, (1, 1), "SAME", dilation=(2, 2), groups=2)

    def plain(x, w):
        numbers = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(
            x, w, (1, 1), "SAME", None, (2, 2), numbers, feature_group_count=2
        )

    np.testing.assert_allclose(ours(x, w), plain(x, w), rtol=1e-9, atol=1e-9)
    for a, b in zip(second(ours)(x, w), second(plain)(x, w), strict=True):
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
