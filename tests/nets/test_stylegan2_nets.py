"""StyleGAN2's nets: sizes, styles, noise, the mean style, classes, precision."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.nets import StyleGAN2Discriminator, StyleGAN2Generator
from jaxgan.nets.stylegan2 import truncated

pytestmark = pytest.mark.xdist_group("stylegan2 nets")  # one worker: they share a fixture

KEY = jax.random.key(0)
WIDTHS = {"channel_base": 64, "channel_max": 8, "image_shape": (16, 16, 2)}
G = StyleGAN2Generator(style_dim=6, mapping_layers=2, style_decay=0.9, **WIDTHS)
D = StyleGAN2Discriminator(mapping_layers=2, **WIDTHS)


@pytest.fixture(scope="module")
def made():
    """Variables of G, with noise of strength 1."""
    variables = jax.jit(G.init)(KEY, jnp.zeros((2, 5)))

    def loud(path, x):
        return x + 1 if "noise" in jax.tree_util.keystr(path) else x

    return jax.tree_util.tree_map_with_path(loud, variables)


def normal(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


@pytest.mark.parametrize(
    ("size", "base", "of_g", "of_d"),
    [(1024, 32768, 30_370_060, 29_012_513), (256, 16384, 24_767_458, 24_001_089)],
)
def test_the_authors_models_have_as_many_parameters(count, size, base, of_g, of_d):
    """As printed by their code for FFHQ at 1024 px and for 256 px."""
    shape = (size, size, 3)
    assert count(StyleGAN2Generator(channel_base=base, image_shape=shape), 512) == of_g
    assert count(StyleGAN2Discriminator(channel_base=base, image_shape=shape), *shape) == of_d


@pytest.mark.parametrize("size", [8, 64])
def test_any_power_of_two(size):
    shape = (size, size, 1)
    images = jax.eval_shape(G.clone(image_shape=shape).init_with_output, KEY, normal(3, 5))[0]
    assert images.shape == (3, *shape)
    scores = jax.eval_shape(D.clone(image_shape=shape).init_with_output, KEY, images)[0]
    assert scores.shape == (3,)


def test_noise_follows_the_key_and_is_silent_at_first(made):
    z = normal(4, 5)
    apply = jax.jit(lambda v, key: G.apply(v, z, None, False, rngs={"noise": key}))
    quiet = jax.jit(G.init)(KEY, z)
    np.testing.assert_array_equal(apply(quiet, KEY), apply(quiet, jax.random.key(1)))
    loud = apply(made, KEY)
    np.testing.assert_array_equal(loud, apply(made, KEY))
    assert float(jnp.abs(loud - apply(made, jax.random.key(1))).max()) > 0.01


def test_the_mean_style_follows_w_in_training_alone(made):
    z = normal(64, 5)
    w, new = G.apply(made, z, None, True, method="mapping", mutable=["styles"])
    np.testing.assert_allclose(new["styles"]["map"]["mean"], 0.1 * w.mean(0), rtol=1e-5)
    _, same = G.apply(made, z, None, False, method="mapping", mutable=["styles"])
    assert not same["styles"]["map"]["mean"].any()


def test_psi_0_is_the_mean_style_and_1_leaves_w():
    w, mean = normal(3, 6), normal(6, seed=1)
    np.testing.assert_allclose(truncated(w, mean, 0.0), np.tile(mean, (3, 1)))
    np.testing.assert_allclose(truncated(w, mean, 1.0), w, atol=1e-6)
    np.testing.assert_allclose(truncated(w, mean, 0.5), (w + mean[None]) / 2, atol=1e-6)


def test_a_style_a_layer_equals_one_for_all_and_reaches_its_own_layers(made):
    w = normal(2, 6)
    draw = jax.jit(lambda w: G.apply(made, w, method="synthesis"))
    layered = jnp.tile(w[:, None], (1, G.layers, 1))
    assert G.layers == 6
    np.testing.assert_allclose(draw(w), draw(layered), atol=1e-5)
    for layer in range(G.layers):
        other = layered.at[:, layer].add(1.0)
        assert float(jnp.abs(draw(other) - draw(w)).max()) > 1e-4


def test_z_enters_by_its_direction(made):
    z = normal(3, 5)
    mapping = jax.jit(lambda z: G.apply(made, z, None, False, method="mapping"))
    np.testing.assert_allclose(mapping(z), mapping(7 * z), atol=1e-6)


def test_classes_enter_both_nets():
    z, images, labels = normal(2, 5), normal(4, 8, 8, 2), jnp.array([0, 2])
    small = {"num_classes": 3, "image_shape": (8, 8, 2)}
    g, d = G.clone(**small), D.clone(**small)

    @jax.jit
    def styles(labels):
        init = partial(g.init, method="mapping")
        return g.apply(init(KEY, z, labels), z, labels, False, method="mapping")

    assert float(jnp.abs(styles(labels) - styles(labels[::-1])).min()) > 1e-5
    labels = jnp.array([0, 1, 2, 0])
    variables = jax.jit(d.init)(KEY, images, labels)
    score = jax.jit(lambda y: d.apply(variables, images, y))
    changed = jnp.abs(score(labels) - score(labels.at[2].set(1)))
    assert float(changed[2]) > 1e-5
    np.testing.assert_allclose(np.delete(changed, 2), 0, atol=1e-6)


def test_high_resolutions_are_half_as_wide_in_bits_and_clamped():
    net = G.clone(image_shape=(8, 8, 2), low_precision=1, clamp=8.0)
    w = normal(2, 6)

    @partial(jax.jit, static_argnums=0)
    def layers(net, key):
        """Each layer's result, with a large bias in the last one."""
        variables = jax.jit(net.init)(key, normal(2, 5))
        big = variables["params"]["synthesize"]["same_8"]["bias"]
        params = {**variables["params"]["synthesize"]}
        params["same_8"] = {**params["same_8"], "bias": big + 1e4}
        variables = {"params": {**variables["params"], "synthesize": params}}
        _, state = net.apply(
            variables, w, method="synthesis", capture_intermediates=True, mutable="intermediates"
        )
        found = state["intermediates"]["synthesize"]
        return {k: found[k]["__call__"][0] for k in ("same_4", "up_8", "same_8", "to_rgb_8")}

    half = layers(net.clone(dtype=jnp.bfloat16), KEY)
    assert {k for k, x in half.items() if x.dtype == jnp.bfloat16} == {"up_8", "same_8"}
    assert float(half["same_8"].max()) == 8.0
    assert float(jnp.abs(half["to_rgb_8"]).max()) <= 8.0
    whole = layers(net, KEY)
    assert {str(x.dtype) for x in whole.values()} == {"float32"}
    assert float(whole["same_8"].max()) > 1e4


@pytest.mark.parametrize(
    ("net", "line"),
    [
        (G.clone(image_shape=(28, 28, 1)), r"data\.image_size: .* not 28: use 32"),
        (G.clone(channel_max=0), r"algorithm\.generator\.channel_max: 0 is below 1"),
        (G.clone(mapping_layers=0), r"algorithm\.generator\.mapping_layers: 0 is below 1"),
    ],
)
def test_fields_that_make_no_sense_are_refused(net, line):
    with pytest.raises(InputError, match=line):
        jax.eval_shape(net.init, KEY, normal(2, 5))


def test_a_discriminator_refuses_its_own():
    with pytest.raises(InputError, match=r"algorithm\.discriminator\.group: 0 is below 1"):
        jax.eval_shape(D.clone(group=0).init, KEY, normal(2, 16, 16, 2))
