"""Equalized layers against their definition in NumPy."""

import jax
import numpy as np
import optax
import pytest

from jaxgan.ops import EqualizedConv, EqualizedDense, upsample

KEY = jax.random.key(0)


def normal(*shape, seed=0):
    return jax.numpy.asarray(np.random.default_rng(seed).normal(size=shape), np.float32)


def made(layer, x):
    """(variables with biases that are not 0, the result)."""
    variables = layer.init(KEY, x)
    params = dict(variables["params"])
    params["bias"] = normal(*params["bias"].shape, seed=1)
    return {"params": params}, np.asarray(layer.apply({"params": params}, x))


def test_weights_start_at_a_normal_distribution_and_biases_at_0():
    for layer, x in ((EqualizedDense(64), normal(2, 100)), (EqualizedConv(64), normal(2, 4, 4, 9))):
        params = layer.init(KEY, x)["params"]
        assert abs(float(params["kernel"].mean())) < 0.05
        assert float(params["kernel"].std()) == pytest.approx(1, abs=0.03)
        assert not params["bias"].any()


@pytest.mark.parametrize("gain", [1.0, 2**0.5, 2**0.5 / 4])
def test_a_dense_layer_scales_its_weights_by_gain_over_the_root_of_fan_in(gain):
    x = normal(3, 7)
    variables, out = made(EqualizedDense(5, gain=gain), x)
    w, b = (np.asarray(variables["params"][name]) for name in ("kernel", "bias"))
    np.testing.assert_allclose(out, np.asarray(x) @ (w * gain / np.sqrt(7)) + b, rtol=1e-5)


@pytest.mark.parametrize("size", [1, 3])
def test_a_convolution_scales_its_kernel_by_the_fan_in_of_all_its_pixels(size):
    x = normal(2, 4, 5, 3)
    variables, out = made(EqualizedConv(2, size, gain=1.5), x)
    w, b = (np.asarray(variables["params"][name]) for name in ("kernel", "bias"))
    w = w * 1.5 / np.sqrt(size * size * 3)
    edge = size // 2
    padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    expected = np.zeros((2, 4, 5, 2))
    for i in range(4):
        for j in range(5):
            window = padded[:, i : i + size, j : j + size]
            expected[:, i, j] = np.einsum("nhwc,hwcf->nf", window, w) + b
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5)


def test_up_is_the_convolution_of_the_upsampled_input():
    x = normal(2, 4, 4, 3)
    variables, out = made(EqualizedConv(2, resample="up"), x)
    expected = EqualizedConv(2).apply(variables, upsample(x))
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5)


def test_adam_moves_a_layer_at_its_multiple_of_the_learning_rate():
    """The function at the start is the same, and one step changes it m times as much."""
    x, changes = normal(4, 9), {}
    for m in (1.0, 0.01):
        layer = EqualizedDense(6, lr_multiplier=m)
        params = layer.init(KEY, x)["params"]
        tx = optax.adam(1e-3)
        grads = jax.grad(lambda p, f=layer: f.apply({"params": p}, x).sum())(params)
        updates, _ = tx.update(grads, tx.init(params))
        before = layer.apply({"params": params}, x)
        after = layer.apply({"params": optax.apply_updates(params, updates)}, x)
        changes[m] = np.asarray(before), np.asarray(after - before)
    np.testing.assert_allclose(changes[0.01][0], changes[1.0][0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(changes[0.01][1], 0.01 * changes[1.0][1], atol=2e-6)


def test_without_a_bias_there_is_none():
    params = EqualizedConv(2, use_bias=False).init(KEY, normal(1, 4, 4, 2))["params"]
    assert params.keys() == {"kernel"}
