"""R3GAN's nets: the paper's sizes, the start of Fixup, labels."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.nets import R3GANBlock, R3GANDiscriminator, R3GANGenerator

SMALL = {"features": 8, "blocks": 1, "group": 4, "image_shape": (16, 16, 1)}


def block(width, groups, k=3):
    inner = 2 * width
    return width * inner + inner + k * k * inner * inner // groups + inner + inner * width


def test_parameters_are_those_of_the_paper_on_cifar10(count):
    """768 channels at each of 4 sizes, 2 blocks, 96 groups, z of 64 numbers, labels embedded."""
    blocks = 8 * block(768, 96)
    shared = 16 * 768 + blocks + 3 * 768
    assert count(R3GANGenerator(), 64) == shared + 64 * 768
    assert count(R3GANDiscriminator(), 32, 32, 3) == shared + 768
    labels = np.zeros(2, np.int32)
    generator = count(R3GANGenerator(num_classes=10), 64, labels=labels)
    assert generator == shared + 128 * 768 + 10 * 64
    discriminator = count(R3GANDiscriminator(num_classes=10), 32, 32, 3, labels=labels)
    assert discriminator == shared + 768 * 768 + 10 * 768


def test_channels_halve_above_32_px():
    net = R3GANGenerator(features=64, blocks=1, image_shape=(128, 128, 3))
    shapes = jax.eval_shape(net.init, jax.random.key(0), np.zeros((2, 8), np.float32))["params"]
    assert [shapes[f"R3GANBlock_{i}"]["Conv_2"]["kernel"].shape[-1] for i in range(6)] == [
        64, 64, 64, 64, 32, 16,
    ]  # fmt: skip
    assert shapes["Conv_0"]["kernel"].shape == (1, 1, 64, 32)
    assert shapes["Conv_2"]["kernel"].shape == (1, 1, 16, 3)


@pytest.mark.peers
def test_blocks_start_as_the_identity_and_the_others_smaller_with_depth(run, images):
    x = images(2, 16, 16, 1)
    found = {}
    for blocks in (1, 4):
        net = R3GANDiscriminator(**{**SMALL, "features": 64, "blocks": blocks})
        _, variables, _ = run(net, x)
        params = variables["params"]["R3GANBlock_0"]
        assert not np.any(params["Conv_2"]["kernel"])
        found[blocks] = [float(np.std(params[f"Conv_{i}"]["kernel"])) for i in range(2)]
    gain = np.sqrt(2 / 1.04)
    for blocks in (1, 4):
        scale = gain * (3 * blocks) ** -0.25
        expected = [scale / np.sqrt(64), scale / np.sqrt(9 * 4)]
        np.testing.assert_allclose(found[blocks], expected, rtol=0.05)


def test_a_block_that_has_learnt_is_the_formula(run, images):
    net = R3GANDiscriminator(**SMALL)
    _, variables, _ = run(net, images(2, 16, 16, 1))
    rng = np.random.default_rng(0)
    moved = jax.tree.map(lambda p: p + 0.1 * rng.normal(size=p.shape).astype("f"), variables)
    scores, _, state = run(net, images(2, 16, 16, 1, seed=1), variables=moved)
    phi = state["intermediates"]["features"][0]
    kernel = moved["params"]["Dense_0"]["kernel"]
    np.testing.assert_allclose(scores, (phi @ kernel)[:, 0], rtol=1e-5)


def test_labels_change_images_and_scores(run, images):
    net = R3GANGenerator(**SMALL, num_classes=3)
    z = images(2, 4)
    out, variables, _ = run(net, z, np.array([0, 1], np.int32))
    other, _, _ = run(net, z, np.array([2, 1], np.int32), variables=variables)
    assert out.shape == (2, 16, 16, 1)
    assert np.abs(out[0] - other[0]).max() > 0
    np.testing.assert_allclose(out[1], other[1], atol=1e-6)
    net = R3GANDiscriminator(**SMALL, num_classes=3)
    scores, variables, _ = run(net, images(2, 16, 16, 1), np.array([0, 1], np.int32))
    other, _, _ = run(net, images(2, 16, 16, 1), np.array([2, 1], np.int32), variables=variables)
    assert scores[0] != other[0]
    np.testing.assert_allclose(scores[1], other[1], rtol=1e-5)


def test_sizes_are_powers_of_two():
    net = R3GANGenerator(image_shape=(28, 28, 1))
    with pytest.raises(InputError, match=r"data\.image_size: R3GANGenerator makes powers of two"):
        jax.eval_shape(net.init, jax.random.key(0), np.zeros((2, 8), np.float32))


MP = {**SMALL, "magnitude_preserving": True, "features": 64}


def first_block(net, variables, x):
    """Root mean square of the first residual block's result."""
    found = {"capture_intermediates": lambda m, _: isinstance(m, R3GANBlock)}
    apply = functools.partial(net.apply, mutable="intermediates", **found)
    _, state = jax.jit(apply)(variables, x)
    return np.sqrt(np.square(state["intermediates"]["R3GANBlock_0"]["__call__"][0]).mean())


@pytest.mark.parametrize("scale", [pytest.param(1.0, marks=pytest.mark.slow), 10.0])
def test_activations_keep_unit_magnitude_at_any_scale_of_the_weights(images, scale):
    """At one size, where no filter shrinks them."""
    net = R3GANBlock(blocks=1, magnitude_preserving=True)
    x = images(8, 8, 8, 64)
    x = jnp.asarray(x / np.sqrt(np.square(x).mean()))
    y, magnitudes = x, []
    for seed in range(4):
        variables = jax.jit(net.init)(jax.random.key(seed), x)
        variables = jax.tree.map(lambda w: scale * w, variables)
        y = net.apply(variables, y)
        magnitudes.append(float(np.sqrt(np.square(y).mean())))
    np.testing.assert_allclose(magnitudes, 1, atol=0.05)


def test_the_first_map_of_g_has_unit_magnitude_and_the_images_the_learned_gain(run, images):
    net, z = R3GANGenerator(**{**MP, "image_shape": (8, 8, 1)}), images(64, 32)
    z = jnp.asarray(z / np.sqrt(np.square(z).mean()))
    out, variables, _ = run(net, z)
    np.testing.assert_allclose(first_block(net, variables, z), 1, atol=0.1)
    assert {path[-1].key for path, _ in jax.tree_util.tree_leaves_with_path(variables)} == {
        "unit_kernel", "unit_basis", "gain",
    }  # fmt: skip
    params = {**variables["params"], "gain": 3 * variables["params"]["gain"]}
    louder, _, _ = run(net, z, variables={**variables, "params": params})
    np.testing.assert_allclose(louder, 3 * out, rtol=1e-5, atol=1e-5)


def test_labels_reach_a_magnitude_preserving_discriminator(run, images):
    net = R3GANDiscriminator(**{**MP, "image_shape": (8, 8, 1)}, num_classes=3)
    x = images(4, 8, 8, 1)
    scores, variables, _ = run(net, x, np.array([0, 1, 2, 0], np.int32))
    other, _, _ = run(net, x, np.array([2, 1, 2, 0], np.int32), variables=variables)
    assert abs(scores[0] - other[0]) > 1e-4
    np.testing.assert_allclose(scores[1:], other[1:], rtol=1e-5)
