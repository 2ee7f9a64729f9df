"""A network's traits beside what it does."""

import jax
import pytest
from flax import linen as nn

from jaxgan.nets import (
    BookDCGANDiscriminator,
    DCGANDiscriminator,
    MLPDiscriminator,
    PatchGAN,
    ProGANDiscriminator,
    StyleGAN2Discriminator,
)
from jaxgan.nets.traits import compares_batch, is_lipschitz, mixes_batch

NORMS = ["none", "batch", "layer", "instance", "group", "weight", "spectral"]


@pytest.mark.parametrize("norm", NORMS)
def test_a_net_mixes_the_batch_where_another_example_changes_a_score(norm):
    net = DCGANDiscriminator(features=2, norm=norm, image_shape=(16, 16, 1))
    images = jax.random.normal(jax.random.key(0), (3, 16, 16, 1))
    variables = jax.jit(lambda key, x: net.init(key, x, None, True))(jax.random.key(1), images)

    collections = [name for name in variables if name != "params"]

    @jax.jit
    def first(images):
        return net.apply(variables, images, None, True, mutable=collections)[0][0]

    moved = abs(first(images) - first(images.at[1:].multiply(3.0))) > 1e-4
    assert moved == mixes_batch(net)


def test_spectral_norm_alone_bounds_every_layer():
    assert [norm for norm in NORMS if is_lipschitz(PatchGAN(norm=norm))] == ["spectral"]
    assert is_lipschitz(MLPDiscriminator(norm="spectral"))


@pytest.mark.parametrize(
    "net",
    [
        ProGANDiscriminator(features=2, base=16),
        StyleGAN2Discriminator(channel_base=16, channel_max=2),
        BookDCGANDiscriminator(features=2, norm="none"),
    ],
    ids=lambda net: type(net).__name__,
)
def test_a_net_compares_the_batch_where_another_example_changes_a_score(net):
    net = net.clone(image_shape=(8, 8, 1))
    images = jax.random.normal(jax.random.key(0), (4, 8, 8, 1))
    variables = jax.jit(net.init)(jax.random.key(1), images)
    first = jax.jit(lambda images: net.apply(variables, images)[0])
    moved = abs(first(images) - first(images.at[1:].multiply(3.0))).max() > 1e-5
    assert moved == compares_batch(net)


def test_a_net_without_a_norm_has_no_trait():
    assert not mixes_batch(nn.Dense(1))
    assert not compares_batch(nn.Dense(1))
    assert not is_lipschitz(nn.Dense(1))
