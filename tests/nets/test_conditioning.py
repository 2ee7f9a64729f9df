import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nets import (
    BookDCGANDiscriminator,
    BookDCGANGenerator,
    DCGANDiscriminator,
    DCGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
    ResidualCritic,
    ResidualGenerator,
)

SHAPE = (16, 16, 2)
LABELS = np.array([0, 2], np.int32)
GENERATORS = [
    MLPGenerator(hidden=4),
    DCGANGenerator(features=2),
    BookDCGANGenerator(features=2),
    ResidualGenerator(features=2),
]
DISCRIMINATORS = [
    MLPDiscriminator(hidden=4),
    DCGANDiscriminator(features=2),
    BookDCGANDiscriminator(features=2),
    ResidualCritic(features=2),
]


def name(net):
    return type(net).__name__


def each(nets):
    """A case a net; the paper's DCGAN, which is the book's but for sizes, runs with ``-m slow``."""
    return pytest.mark.parametrize(
        "net",
        [
            pytest.param(net, marks=[pytest.mark.slow] if name(net).startswith("DCGAN") else [])
            for net in nets
        ],
        ids=name,
    )


generators = each(GENERATORS)
discriminators = each(DISCRIMINATORS)


def paths(variables):
    leaves = jax.tree_util.tree_leaves_with_path(variables["params"])
    return [jax.tree_util.keystr(path) for path, _ in leaves]


@generators
def test_embedding_multiplies_the_latent(run, images, net):
    z = images(2, 5)
    net = net.clone(num_classes=3, image_shape=SHAPE, conditioning="embedding")
    labelled, variables, _ = run(net, z, LABELS)
    params = dict(variables["params"])
    table = np.asarray(params.pop("LabelledLatent_0")["Embed_0"]["embedding"])
    assert table.shape == (3, 5)
    assert np.abs(table).max() <= 0.05
    plain = {**variables, "params": params}
    product, _, _ = run(net.clone(num_classes=0), z * table[LABELS], variables=plain)
    np.testing.assert_allclose(labelled, product, rtol=1e-4, atol=1e-5)


@each(GENERATORS[1:])
def test_class_norm_gives_each_class_a_gain(run, images, net):
    net = net.clone(num_classes=3, image_shape=SHAPE, conditioning="class_norm")
    z = images(2, 5)
    one, variables, _ = run(net, z, LABELS)
    assert any("gamma" in path for path in paths(variables))
    params = jax.tree_util.tree_map_with_path(
        lambda path, p: p.at[2].add(1.0) if "beta" in jax.tree_util.keystr(path) else p,
        variables["params"],
    )
    two, _, _ = run(net, z, LABELS, train=False, variables={**variables, "params": params})
    one, _, _ = run(net, z, LABELS, train=False, variables=variables)
    np.testing.assert_allclose(one[0], two[0], atol=1e-6)
    assert np.abs(one[1] - two[1]).max() > 1e-4


@discriminators
def test_channel_is_one_more_input_channel(run, images, net):
    x = images(2, *SHAPE)
    net = net.clone(num_classes=3, image_shape=SHAPE, conditioning="channel")
    labelled, variables, _ = run(net, x, LABELS)
    params = dict(variables["params"])
    table = params.pop("LabelChannel_0")["Embed_0"]["embedding"]
    assert table.shape == (3, 256)
    stacked = np.concatenate([x, np.asarray(table)[LABELS].reshape(2, 16, 16, 1)], axis=-1)
    plain = net.clone(num_classes=0, image_shape=(16, 16, 3))
    if isinstance(net, BookDCGANDiscriminator):
        assert params["Conv_0"]["kernel"].shape == (3, 3, 3, 4)
        assert params["Conv_1"]["kernel"].shape == (3, 3, 4, 4)
        return
    scores, _, _ = run(plain, stacked, variables={**variables, "params": params})
    np.testing.assert_allclose(labelled, scores, rtol=1e-3, atol=1e-5)


@discriminators
def test_projection_adds_the_inner_product_with_the_features(run, images, net):
    x = images(2, *SHAPE)
    net = net.clone(num_classes=3, image_shape=SHAPE, conditioning="projection")
    one, variables, state = run(net, x, LABELS)
    two, _, _ = run(net, x, LABELS * 0 + 1, variables=variables)
    table = np.asarray(variables["params"]["Projection_0"]["Embed_0"]["embedding"])
    phi = np.asarray(state["intermediates"]["features"][0])
    expected = np.sum((table[LABELS] - table[[1, 1]]) * phi, axis=-1)
    np.testing.assert_allclose(one - two, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    "net",
    [
        GENERATORS[0],
        *DISCRIMINATORS[:2],
        *(pytest.param(net, marks=pytest.mark.slow) for net in GENERATORS[1:] + DISCRIMINATORS[2:]),
    ],
    ids=name,
)
def test_unconditional_networks_have_no_label_parameters_and_ignore_labels(run, images, net):
    x = images(2, 5) if net in GENERATORS else images(2, *SHAPE)
    net = net.clone(image_shape=SHAPE)
    out, variables, _ = run(net, x)
    assert not [path for path in paths(variables) if "Embed" in path or "gamma" in path]
    same, _, _ = run(net, x, LABELS, variables=variables)
    np.testing.assert_array_equal(out, same)


@pytest.mark.slow
@pytest.mark.parametrize("net", GENERATORS + DISCRIMINATORS, ids=name)
def test_bfloat16_computes_with_float32_parameters_and_results(run, images, net):
    x = images(2, 5) if net in GENERATORS else images(2, *SHAPE)
    net = net.clone(image_shape=SHAPE, num_classes=3)
    half, variables, _ = run(net.clone(dtype=jnp.bfloat16), x, LABELS)
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
    full, _, _ = run(net, x, LABELS, variables=variables)
    assert half.dtype == full.dtype == jnp.float32
    assert np.abs(half - full).max() > 0
    np.testing.assert_allclose(half, full, atol=0.3)
