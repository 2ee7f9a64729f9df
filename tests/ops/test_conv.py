"""The three faces against lax and flax, in value and to the second derivative."""

import re
from collections import Counter
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.test_util import check_grads

from jaxgan.ops import conv, forms, mean_pool, upsample

NUMBERS = ("NHWC", "HWIO", "NHWC")
CASES = [
    (1, 1, 7, 3, 2, "SAME"), (1, 2, 8, 5, 6, "VALID"), (2, 3, 9, 5, 6, "SAME"),
    (3, 1, 8, 6, 1, "SAME"), (3, 1, 7, 1, 6, "VALID"), (3, 2, 7, 5, 6, ((1, 2), (2, 1))),
    (4, 2, 8, 5, 6, "SAME"), (4, 2, 8, 1, 6, "VALID"), (5, 3, 7, 6, 1, "SAME"),
    (6, 2, 7, 6, 5, ((1, 2), (2, 1))),
]  # fmt: skip
"""(kernel, stride, side, input channels, output channels, padding)"""


def draw(*shape):
    return jnp.asarray(np.random.default_rng(sum(shape)).standard_normal(shape))


@pytest.fixture(params=["cpu", "default"])
def platform(request, monkeypatch):
    """The forms of a CPU, and on it those of all other platforms."""
    if request.param == "default":
        monkeypatch.setattr(
            forms, "_by_platform", lambda cpu, default, geometry, a, b: default(geometry, a, b)
        )


def assert_equal_to_second_order(ours, plain, x, w):
    """Of a function, and of the gradient of its gradient, as a gradient penalty has it."""

    def all_orders(f):
        def penalty(x, w):
            gx, gw = jax.grad(lambda x, w: jnp.sum(jnp.sin(f(x, w))), argnums=(0, 1))(x, w)
            return jnp.sum(gx**2) + jnp.sum(jnp.cos(gw)), (gx, gw)

        second, first = jax.grad(penalty, argnums=(0, 1), has_aux=True)(x, w)
        return f(x, w), first, second

    found, expected = jax.jit(lambda: (all_orders(ours), all_orders(plain)))()
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-8), found, expected)


@pytest.mark.usefixtures("float64", "platform")
@pytest.mark.parametrize(("k", "s", "n", "inputs", "outputs", "padding"), CASES)
def test_convolution_equals_lax_to_second_order(k, s, n, inputs, outputs, padding):
    def plain(x, w):
        return lax.conv_general_dilated(x, w, (s, s), padding, dimension_numbers=NUMBERS)

    ours = partial(conv.conv, strides=(s, s), padding=padding)
    assert_equal_to_second_order(
        ours, plain, draw(2, n, n + 1, inputs), draw(k, k, inputs, outputs)
    )


@pytest.mark.usefixtures("float64", "platform")
@pytest.mark.parametrize(("k", "s", "n", "inputs", "outputs", "padding"), CASES)
def test_transposed_convolution_equals_lax_to_second_order(k, s, n, inputs, outputs, padding):
    ours, plain = (
        partial(function, strides=(s, s), padding=padding)
        for function in (conv.conv_transpose, lax.conv_transpose)
    )
    assert_equal_to_second_order(
        ours, plain, draw(2, n, n + 1, inputs), draw(k, k, inputs, outputs)
    )


@pytest.mark.usefixtures("float64", "platform")
@pytest.mark.parametrize("k", [1, 3, 5])
def test_convolution_and_resampling_as_one_kernel_equal_both_in_turn(k):
    def convolve(x, w):
        return lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=NUMBERS)

    x, w = draw(2, 6, 8, 5), draw(k, k, 5, 4)
    for fused, plain in (
        (conv.conv_mean_pool, lambda x, w: mean_pool(convolve(x, w))),
        (conv.upsample_conv, lambda x, w: convolve(upsample(x), w)),
    ):
        assert_equal_to_second_order(fused, plain, x, w)


@pytest.mark.usefixtures("float64")
def test_groups_and_dilation_equal_lax():
    def plain(x, w):
        return lax.conv_general_dilated(
            x, w, (1, 1), "SAME", None, (2, 2), NUMBERS, feature_group_count=2
        )

    ours = partial(conv.conv, dilation=(2, 2), groups=2)
    assert_equal_to_second_order(ours, plain, draw(2, 9, 9, 4), draw(3, 3, 2, 6))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("k", "s", "inputs", "outputs"), [(3, 1, 6, 1), (4, 2, 5, 6), (5, 3, 1, 6)]
)
@pytest.mark.parametrize("layer", ["conv", "conv_transpose"])
def test_gradients_to_second_order_against_finite_differences(layer, k, s, inputs, outputs):
    x, w = draw(2, 7, 7, inputs), draw(k, k, inputs, outputs) / k
    function = partial(getattr(conv, layer), strides=(s, s), padding="SAME")
    # Compiled, for check_grads hands NumPy arrays to its function.
    check_grads(jax.jit(function), (x, w), order=2, modes=["rev"])


# What other platforms are given.


def operations(function, *args):
    """How often each operation stands in the program for a GPU, but for the choice of platform."""
    program = jax.jit(function).trace(*args).lower(lowering_platforms=("cuda",)).as_text()
    found = Counter(re.findall(r"stablehlo\.(\w+)", program))
    return {name: n for name, n in found.items() if name not in ("case", "constant", "return")}


def gradients(f):
    def call(x, w):
        out, back = jax.vjp(f, x, w)
        return out, back(out)

    return call


@pytest.mark.parametrize(("k", "s", "n", "inputs", "outputs", "padding"), CASES)
def test_a_gpu_is_given_what_jax_makes_of_a_convolution(k, s, n, inputs, outputs, padding):
    def plain(x, w):
        return lax.conv_general_dilated(x, w, (s, s), padding, dimension_numbers=NUMBERS)

    ours = partial(conv.conv, strides=(s, s), padding=padding)
    args = jnp.ones((2, n, n, inputs)), jnp.ones((k, k, inputs, outputs))
    found = operations(gradients(ours), *args)
    assert found == operations(gradients(plain), *args)
    assert found["convolution"] == 3
    assert "transpose" not in found


@pytest.mark.parametrize(
    "layer",
    [
        partial(conv.conv_transpose, strides=(2, 2), padding="SAME"),
        conv.upsample_conv,
        conv.conv_mean_pool,
    ],
    ids=["conv_transpose", "upsample_conv", "conv_mean_pool"],
)
def test_a_gpu_is_given_no_transposed_arrays(layer):
    found = operations(gradients(layer), jnp.ones((2, 8, 8, 5)), jnp.ones((3, 3, 5, 6)))
    assert found["convolution"] == 3
    assert "transpose" not in found


# Layers.


@pytest.mark.parametrize("name", ["Conv", "ConvTranspose"])
def test_layers_are_drop_in_for_flax(name):
    x = jax.random.normal(jax.random.key(0), (2, 7, 7, 3))
    layer = getattr(conv, name)(5, (4, 4), (2, 2))
    other = getattr(nn, name)(5, (4, 4), (2, 2))
    ours, theirs = (
        jax.jit(layer.init)(jax.random.key(1), x),
        jax.jit(other.init)(jax.random.key(1), x),
    )
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    np.testing.assert_array_equal(ours["params"]["kernel"], theirs["params"]["kernel"])
    np.testing.assert_allclose(layer.apply(theirs, x), other.apply(theirs, x), atol=1e-5)


@pytest.mark.parametrize(
    ("resample", "fused"), [("up", conv.upsample_conv), ("down", conv.conv_mean_pool)]
)
def test_a_fused_kernel_is_summed_before_it_is_cast(resample, fused):
    x = jax.random.normal(jax.random.key(0), (2, 8, 8, 3))
    layer = conv.Conv(4, (3, 3), resample=resample, dtype=jnp.bfloat16, use_bias=False)
    params = jax.jit(layer.init)(jax.random.key(1), x)
    kernel, x = params["params"]["kernel"], x.astype(jnp.bfloat16)
    assert kernel.dtype == jnp.float32
    out = layer.apply(params, x)
    assert out.dtype == jnp.bfloat16
    np.testing.assert_array_equal(out, fused(x, kernel))
    rounded = fused(x, kernel.astype(jnp.bfloat16))
    assert float(jnp.abs(out - rounded).max()) > 0  # what a cast before the sum would lose


@pytest.mark.parametrize(
    ("resample", "after", "before"),
    [("up", lambda x: x, upsample), ("down", mean_pool, lambda x: x)],
)
def test_resampling_in_bfloat16_is_near_float32(resample, after, before):
    x = jax.random.normal(jax.random.key(0), (2, 8, 8, 16)).astype(jnp.bfloat16)
    layer = conv.Conv(8, (3, 3), resample=resample, dtype=jnp.bfloat16)
    plain = conv.Conv(8, (3, 3))
    params = jax.jit(layer.init)(jax.random.key(1), x)
    exact = after(plain.apply(params, before(x.astype(jnp.float32))))
    error = jnp.abs(layer.apply(params, x).astype(jnp.float32) - exact).max()
    assert 0 < float(error) < 2**-7 * float(jnp.abs(exact).max())
