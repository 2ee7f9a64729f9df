"""ProGAN's nets: their sizes, and growth from one resolution to the next."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.nets import ProGANDiscriminator, ProGANGenerator
from jaxgan.ops import mean_pool, upsample

NARROW = {"features": 4, "base": 32}
"""4 channels up to 16 px, and 2 at 32."""
ALPHA_1 = {"fade": {"alpha": jnp.ones(())}}


def made(net, x, seed):
    """Variables of random numbers: to compile ``init`` takes longer."""
    shapes = jax.eval_shape(net.init, jax.random.key(0), x)
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda s: jnp.asarray(rng.normal(size=s.shape), s.dtype), shapes)


def grown(lower, higher, alpha):
    """The variables of the higher resolution with the layers of the lower one, and alpha."""
    params = {**higher["params"], **lower["params"]}
    return {"params": params, "fade": {"alpha": jnp.asarray(alpha)}}


def pair(kind, size, x):
    """(net, its variables) of half of ``size`` px, which has faded in, and of ``size``."""
    made_of = []
    for seed, s in enumerate((size // 2, size)):
        net = kind(**NARROW, image_shape=(s, s, 1))
        variables = made(net, x(s), seed)
        made_of.append((net, {"params": variables["params"], **ALPHA_1} if s > 4 else variables))
    return made_of


def latent(size):
    del size
    return jnp.asarray(np.random.default_rng(5).normal(size=(4, 6)), jnp.float32)


def images(size):
    return jnp.asarray(np.random.default_rng(6).uniform(-1, 1, (4, size, size, 1)), jnp.float32)


@pytest.mark.parametrize("size", [8, 16])
def test_at_alpha_0_the_grown_generator_is_the_lower_one_upsampled(size):
    (low, lower), (high, higher) = pair(ProGANGenerator, size, latent)
    z = latent(size)
    out = jax.jit(high.apply)(grown(lower, higher, 0.0), z)
    np.testing.assert_allclose(out, upsample(jax.jit(low.apply)(lower, z)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [8, 16])
def test_at_alpha_0_the_grown_discriminator_is_the_lower_one_of_downsampled_images(size):
    (low, lower), (high, higher) = pair(ProGANDiscriminator, size, images)
    x = images(size)
    scores = jax.jit(high.apply)(grown(lower, higher, 0.0), x)
    np.testing.assert_allclose(
        scores, jax.jit(low.apply)(lower, mean_pool(x)), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ("kind", "inputs", "rgb"),
    [(ProGANGenerator, latent, "to_rgb_4"), (ProGANDiscriminator, images, "from_rgb_4")],
)
def test_at_alpha_1_the_lower_rgb_layer_has_no_influence_and_in_between_each_its_own(
    kind, inputs, rgb
):
    net, variables = pair(kind, 8, inputs)[1]
    params = variables["params"]
    other = {**params, rgb: jax.tree.map(lambda x: 2.0 - x, params[rgb])}
    out, apply = {}, jax.jit(net.apply)
    for alpha in (0.0, 0.5, 1.0):
        fade = {"alpha": jnp.asarray(alpha)}
        for name, p in (("own", params), ("other", other)):
            out[name, alpha] = np.asarray(apply({"params": p, "fade": fade}, inputs(8)))
    np.testing.assert_array_equal(out["own", 1.0], out["other", 1.0])
    assert np.abs(out["own", 0.5] - out["other", 0.5]).max() > 1e-3
    if kind is ProGANGenerator:  # linear in alpha
        np.testing.assert_allclose(
            out["own", 0.5], (out["own", 0.0] + out["own", 1.0]) / 2, rtol=1e-4, atol=1e-5
        )


def test_a_fresh_net_has_faded_in():
    variables = jax.jit(ProGANGenerator(**NARROW).init)(jax.random.key(0), latent(32))
    assert float(variables["fade"]["alpha"]) == 1.0


@pytest.mark.parametrize(
    ("net", "rgb", "count"),
    [(ProGANGenerator, "to_rgb", 23_079_115), (ProGANDiscriminator, "from_rgb", 23_087_249)],
)
def test_at_1024_px_it_has_the_authors_number_of_parameters(net, rgb, count):
    """Theirs keeps the RGB layers of all resolutions."""
    params = {}
    for level in range(2, 11):
        image = (2**level, 2**level, 3)
        x = jnp.zeros((4, 512) if net is ProGANGenerator else (4, *image))
        params |= jax.eval_shape(net(image_shape=image).init, jax.random.key(0), x)["params"]
    names = {f"{kind}_{2**k}" for kind in ("block", rgb) for k in range(2, 11)}
    assert set(params) == names
    assert sum(math.prod(p.shape) for p in jax.tree.leaves(params)) == count


def test_the_first_layer_has_the_gain_of_a_convolution_of_its_16_pixels():
    """With z of unit mean square, each pixel's variance before the bias is He's 2 / 16."""
    net = ProGANGenerator(features=256, image_shape=(4, 4, 1))
    variables = jax.jit(net.init)(jax.random.key(0), jnp.ones((1, 64)))
    kernel = variables["params"]["block_4"]["dense"]["kernel"]
    assert kernel.shape == (64, 16 * 256)
    _, seen = net.apply(
        variables, jnp.ones((1, 64)), capture_intermediates=lambda m, _: m.name == "dense"
    )
    (out,) = seen["intermediates"]["block_4"]["dense"]["__call__"]
    assert float(jnp.square(out).mean()) == pytest.approx(2 / 16, rel=0.1)


@pytest.mark.parametrize("net", [ProGANGenerator, ProGANDiscriminator])
@pytest.mark.parametrize("size", [2, 12])
def test_other_sizes_are_refused(net, size):
    x = jnp.zeros((1, size, size, 1)) if net is ProGANDiscriminator else jnp.zeros((1, 6))
    with pytest.raises(InputError, match=r"data\.image_size: ProGAN.* powers of two from 4"):
        jax.eval_shape(net(image_shape=(size, size, 1)).init, jax.random.key(0), x)


@pytest.mark.parametrize(
    ("net", "line"),
    [(ProGANGenerator(base=0), r"algorithm\.generator\.base: 0 is below 1"),
     (ProGANDiscriminator(group=0), r"algorithm\.discriminator\.group: 0 is below 1")],
)  # fmt: skip
def test_a_number_below_1_is_refused_by_name(net, line):
    x = jnp.zeros((4, 32, 32, 1)) if isinstance(net, ProGANDiscriminator) else jnp.zeros((4, 6))
    with pytest.raises(InputError, match=line):
        jax.eval_shape(net.init, jax.random.key(0), x)
