"""A network's traits beside what it does."""

import jax
import numpy as np
import pytest
from flax import linen as nn

from jaxgan.nets import DCGANDiscriminator, MLPDiscriminator, PatchGAN
from jaxgan.nets.traits import is_lipschitz, mixes_batch

NORMS = ["none", "batch", "layer", "instance", "group", "weight", "spectral"]


@pytest.mark.parametrize("norm", NORMS)
def test_a_net_mixes_the_batch_where_another_example_changes_a_score(norm):
    net = DCGANDiscriminator(features=2, norm=norm, image_shape=(16, 16, 1))
    images = jax.random.normal(jax.random.key(0), (3, 16, 16, 1))
    variables = net.init(jax.random.key(1), images, None, True)

    def first(images):
        collections = [name for name in variables if name != "params"]
        return np.asarray(net.apply(variables, images, None, True, mutable=collections)[0])[0]

    moved = abs(first(images) - first(images.at[1:].multiply(3.0))) > 1e-4
    assert moved == mixes_batch(net)


def test_spectral_norm_alone_bounds_every_layer():
    assert [norm for norm in NORMS if is_lipschitz(PatchGAN(norm=norm))] == ["spectral"]
    assert is_lipschitz(MLPDiscriminator(norm="spectral"))


def test_a_net_without_a_norm_has_neither_trait():
    assert not mixes_batch(nn.Dense(1))
    assert not is_lipschitz(nn.Dense(1))
