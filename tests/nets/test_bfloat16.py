"""bfloat16 inside, float32 at the end: what a score or a pixel can resolve."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import jaxprs_in_params

from jaxgan import nets

IMAGE = (16, 16, 3)
GENERATORS = [
    nets.MLPGenerator(hidden=8, image_shape=IMAGE),
    nets.BookDCGANGenerator(features=4, image_shape=IMAGE),
    nets.DCGANGenerator(features=4, image_shape=IMAGE),
    nets.ResidualGenerator(features=8, image_shape=IMAGE),
    nets.ProGANGenerator(features=4, image_shape=IMAGE),
    nets.R3GANGenerator(features=8, blocks=1, image_shape=IMAGE),
    nets.ResNetGenerator(features=4, blocks=1, image_shape=IMAGE),
    nets.UNetGenerator(features=4, depth=2, image_shape=IMAGE),
    nets.BookUNetGenerator(features=4, depth=2, image_shape=IMAGE),
]
CRITICS = [
    nets.MLPDiscriminator(hidden=8, image_shape=IMAGE),
    nets.BookDCGANDiscriminator(features=4, image_shape=IMAGE),
    nets.DCGANDiscriminator(features=4, image_shape=IMAGE),
    nets.ResidualCritic(features=8, image_shape=IMAGE),
    nets.ProGANDiscriminator(features=4, image_shape=IMAGE),
    nets.StyleGAN2Discriminator(channel_base=64, image_shape=IMAGE),
    nets.R3GANDiscriminator(features=8, blocks=1, image_shape=IMAGE),
    nets.PatchGAN(features=4, layers=1),
    nets.PixelDiscriminator(features=4),
    nets.BookPatchDiscriminator(features=4, layers=2),
]
PROJECTIONS = [
    net.clone(num_classes=3, conditioning="projection")
    for net in CRITICS
    if hasattr(net, "conditioning")
]
LABELS = jnp.array([0, 2])


def name(net):
    return type(net).__name__ + "_projection" * (net in PROJECTIONS)


def inputs(net):
    translates = hasattr(type(net), "multiple") or net in CRITICS + PROJECTIONS
    shape = IMAGE if translates else (5,)
    return jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, *shape)), jnp.float32)


def products(jaxpr):
    """The types of all convolutions and matrix products, in order."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in ("dot_general", "conv_general_dilated"):
            yield {str(x.aval.dtype) for x in (*equation.invars, *equation.outvars)}
        for inner in jaxprs_in_params(equation.params):
            yield from products(inner)


@pytest.mark.parametrize("net", GENERATORS + CRITICS, ids=name)
def test_the_last_layer_alone_is_float32(net):
    def apply(x, key):
        half = net.clone(dtype=jnp.bfloat16)
        return half.init_with_output({"params": key, "dropout": key}, x)[0]

    found = list(products(jax.make_jaxpr(apply)(inputs(net), jax.random.key(0)).jaxpr))
    assert found[-1] == {"float32"}
    assert found[0] == {"bfloat16"}


def made(net, x):
    """Random parameters, and statistics of ones: to compile ``init`` takes longer."""
    rng = np.random.default_rng(1)
    shapes = jax.eval_shape(net.init, jax.random.key(0), x, LABELS)
    ones = jax.tree.map(lambda leaf: jnp.ones(leaf.shape), shapes)
    params = jax.tree.map(lambda one: 0.1 * rng.normal(size=one.shape) * one, ones["params"])
    return {**ones, "params": params}


def scaled(variables, factor):
    """The variables with the last layer, and an embedding, times a factor."""

    def scale(path, x):
        last = x.shape[-1] == 1 or "embedding" in jax.tree_util.keystr(path)
        return x * factor if last else x

    return {**variables, "params": jax.tree_util.tree_map_with_path(scale, variables["params"])}


LAYERS = (nets.MLPDiscriminator, nets.BookDCGANDiscriminator, nets.PatchGAN)
"""A dense last layer, a convolution, and a map of scores; the other nets' are one of these."""


@pytest.mark.parametrize(
    "net",
    [
        pytest.param(net, marks=[] if isinstance(net, LAYERS) else pytest.mark.slow)
        for net in CRITICS + PROJECTIONS
    ],
    ids=name,
)
def test_a_score_of_100_resolves_a_thousandth(net):
    net, x = net.clone(dtype=jnp.bfloat16), inputs(net)
    variables = made(net, x)
    score = jax.jit(lambda variables: net.apply(variables, x, LABELS, False))
    scores = score(variables)
    variables = scaled(variables, 100 / np.abs(scores).max())
    change = score(scaled(variables, 1 + 1e-5)) - score(variables)
    assert np.abs(score(variables)).max() == pytest.approx(100, rel=0.01)
    assert 0.5e-3 < np.abs(change).max() < 2e-3  # rounding errors of the sum among it
