import jax
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.nets import ResidualBlock, ResidualCritic, ResidualGenerator


def conv(kernel, i, o):
    return kernel * kernel * i * o + o


def test_parameters_are_those_of_the_papers_tables(count):
    block = 2 * conv(3, 128, 128)
    up = block + conv(1, 128, 128) + 2 * 2 * 128
    generator = (128 * 2048 + 2048) + 3 * up + 2 * 128 + conv(3, 128, 3)
    critic = conv(3, 3, 128) + conv(3, 128, 128) + conv(1, 3, 128)
    critic += block + conv(1, 128, 128) + 2 * block + (128 + 1)
    assert count(ResidualGenerator(image_shape=(32, 32, 3)), 128) == generator == 1_204_483
    assert count(ResidualCritic(image_shape=(32, 32, 3)), 32, 32, 3) == critic == 1_053_825


@pytest.mark.parametrize("shape", [(16, 16, 1), pytest.param((64, 64, 3), marks=pytest.mark.slow)])
def test_any_power_of_two_from_16(run, images, shape):
    out, _, _ = run(ResidualGenerator(features=2, image_shape=shape), images(2, 5))
    assert out.shape == (2, *shape)
    assert np.abs(out).max() <= 1
    scores, _, _ = run(ResidualCritic(features=2, image_shape=shape), images(2, *shape))
    assert scores.shape == (2,)


def convolve(x, params):
    dims = ("NHWC", "HWIO", "NHWC")
    kernel, bias = params["Conv_0"]["kernel"], params["Conv_0"]["bias"]
    y = jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=dims)
    return np.asarray(y) + np.asarray(bias)


def up(x):
    return x.repeat(2, axis=1).repeat(2, axis=2)


def down(x):
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


@pytest.mark.parametrize(("resample", "before", "after"), [("up", up, 0), ("down", 0, down)])
def test_block_equals_the_authors_order_of_operations(run, images, resample, before, after):
    before, after = before or (lambda x: x), after or (lambda x: x)
    x = images(2, 4, 4, 3)
    out, variables, _ = run(ResidualBlock(5, resample), x)
    params = variables["params"]
    y = convolve(before(np.maximum(x, 0)), params["conv_1"])
    y = after(convolve(np.maximum(y, 0), params["conv_2"]))
    shortcut = after(convolve(before(x), params["shortcut"]))
    np.testing.assert_allclose(out, shortcut + y, rtol=1e-4, atol=1e-5)


def test_a_block_that_changes_nothing_has_the_identity_as_shortcut(run, images):
    x = images(2, 4, 4, 3)
    out, variables, _ = run(ResidualBlock(3), x)
    assert set(variables["params"]) == {"conv_1", "conv_2"}
    y = convolve(np.maximum(convolve(np.maximum(x, 0), variables["params"]["conv_1"]), 0),
                 variables["params"]["conv_2"])  # fmt: skip
    np.testing.assert_allclose(out, x + y, rtol=1e-4, atol=1e-5)


def test_convolutions_start_as_he_and_shortcuts_as_glorot(run, images):
    _, variables, _ = run(ResidualBlock(32, "down"), images(1, 4, 4, 16))
    for name, variance in [("conv_1", 4 / (9 * 32)), ("shortcut", 2 / (16 + 32))]:
        kernel = np.asarray(variables["params"][name]["Conv_0"]["kernel"])
        np.testing.assert_allclose(kernel.var(), variance, rtol=0.15)
        assert np.abs(kernel).max() <= np.sqrt(3 * variance)


def test_pooling_by_sum_is_the_mean_times_the_pixels(run, images):
    x = images(2, 16, 16, 1)
    net = ResidualCritic(features=2, image_shape=(16, 16, 1))
    mean, variables, _ = run(net, x)
    total, _, _ = run(net.clone(pool="sum"), x, variables=variables)
    np.testing.assert_allclose(total, 64 * mean, rtol=1e-4)


def test_critic_without_norm_sees_one_sample_at_a_time(run, images):
    net = ResidualCritic(features=2, image_shape=(16, 16, 1), norm="layer")
    x = images(3, 16, 16, 1)
    scores, variables, _ = run(net, x)
    alone, _, _ = run(net, x[:1], variables=variables)
    np.testing.assert_allclose(scores[:1], alone, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("size", [8, 28])
def test_other_sizes_are_refused(size):
    net = ResidualCritic(image_shape=(size, size, 1))
    x = np.zeros((1, size, size, 1), np.float32)
    with pytest.raises(InputError, match=r"data\.image_size: ResidualCritic"):
        jax.eval_shape(net.init, jax.random.key(0), x)
