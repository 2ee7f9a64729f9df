"""The dense nets of points."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms._parts.networks import fit
from jaxgan.errors import InputError
from jaxgan.nets import MLPGenerator, PatchGAN, PointDiscriminator, PointGenerator

ACTIVATIONS = {
    "relu": nn.relu,
    "leaky_relu": partial(nn.leaky_relu, negative_slope=0.2),
    "silu": lambda x: x / (1 + jnp.exp(-x)),
    "tanh": jnp.tanh,
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_generator_equals_the_formula(activation, run, images):
    z = images(3, 4)
    net = PointGenerator(hidden=5, layers=2, activation=activation)
    out, variables, _ = run(net, z)
    x = z
    for i in range(2):
        x = ACTIVATIONS[activation](x @ np.asarray(variables["params"][f"Dense_{i}"]["kernel"]))
    expected = x @ np.asarray(variables["params"]["Dense_2"]["kernel"])
    assert out.shape == (3, 2)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)


def test_discriminator_gives_a_score_a_point(run, images, count):
    points = images(3, 1)
    net = PointDiscriminator(hidden=5, layers=1, point_shape=(1,))
    scores, variables, _ = run(net, points)
    first, last = (np.asarray(variables["params"][f"Dense_{i}"]["kernel"]) for i in range(2))
    np.testing.assert_allclose(scores, (np.maximum(points @ first, 0) @ last)[:, 0], rtol=1e-5)
    assert count(PointDiscriminator(), 2) == 3 * 128 + 2 * 129 * 128 + 129


def test_a_net_is_fitted_to_the_kind_of_data_that_it_is_made_for():
    fitted = fit(PointGenerator(), (1,), "bfloat16")
    assert (fitted.point_shape, fitted.dtype) == ((1,), jnp.dtype("bfloat16"))
    with pytest.raises(InputError, match=r"algorithm\.generator: MLPGenerator is made for images"):
        fit(MLPGenerator(), (2,), "float32")
    with pytest.raises(InputError, match=r"algorithm\.discriminator: PointDiscriminator is made"):
        fit(PointDiscriminator(), (8, 8, 1), "float32")
    fit(PatchGAN(), (8, 8, 1), "float32")


@pytest.mark.usefixtures("unchecked")
def test_an_activation_that_is_none_is_one_line():
    with pytest.raises(InputError, match="activation: PointGenerator has no 'swish'"):
        PointGenerator(activation="swish").init(jax.random.key(0), jnp.zeros((1, 2)))
