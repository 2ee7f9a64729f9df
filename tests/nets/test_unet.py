"""U-Net and M-Net against PyTorch, their reach by the gradient, and what they take."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from jaxgan.errors import InputError
from jaxgan.losses.segmentation import cross_entropy, focal, soft_dice
from jaxgan.nets import MNet, UNet
from jaxgan.nets.mnet import logits_of_mean

KEY = jax.random.key(0)


def flat(tree):
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}


def lively(net, shape):
    """Variables whose gains and biases are not 1 and 0."""
    variables = jax.jit(net.init)(KEY, jnp.zeros((1, *shape)))
    leaves, form = jax.tree.flatten(variables["params"])
    rng = np.random.default_rng(0)
    moved = [x + 0.2 * rng.normal(size=x.shape).astype(np.float32) for x in leaves]
    return {**variables, "params": jax.tree.unflatten(form, moved)}


def ours(net, x, mask):
    """The logits that are supervised, and the sum of the losses' means with its gradient."""
    variables = lively(net, x.shape[1:])

    def total(params):
        every = {**variables, "params": params}
        sides, _ = net.apply(every, x, method="supervised", mutable=["batch_stats"])
        each = [[loss(s, mask) for loss in (cross_entropy, soft_dice, focal)] for s in sides]
        return jnp.asarray(each).mean(0).sum(), (sides, jnp.asarray(each))

    (_, (sides, each)), grads = jax.jit(jax.value_and_grad(total, has_aux=True))(
        variables["params"]
    )
    return variables["params"], sides, each, flat(grads)


@pytest.mark.peers
@pytest.mark.parametrize(
    "kind,outputs",
    [
        (UNet, 3),
        (MNet, 1),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((UNet, 1), (MNet, 3))),
    ],
)
def test_outputs_losses_and_gradients_are_pytorchs(kind, outputs, images):
    peers = pytest.importorskip("benchmarks.peers.torch_segmentation")
    x, depth = images(2, 16, 24, 3), 3
    mask = np.random.default_rng(1).integers(0, max(outputs, 2), (2, 16, 24)).astype(np.uint8)
    net = kind(features=4, depth=depth, outputs=outputs)
    params, sides, each, grads = ours(net, jnp.asarray(x), jnp.asarray(mask))
    theirs = peers.torch_parameters(flat(params))
    nets = peers.Nets(theirs, depth)
    expected = [nets.unet(x)] if kind is UNet else nets.mnet(x)
    losses = [peers.losses(logits, mask) for logits in expected]
    (sum(sum(own) for own in losses) / len(losses)).backward()
    for found, want in zip(sides, expected, strict=True):
        want = np.moveaxis(want.detach().numpy(), 1, -1)
        np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(each, [[float(x) for x in own] for own in losses], rtol=1e-4)
    wanted = peers.gradients(theirs)
    assert grads.keys() == wanted.keys()
    for path, want in wanted.items():
        np.testing.assert_allclose(grads[path], want, rtol=1e-3, atol=1e-4, err_msg=path)


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_result_of_mnet_is_the_mean_of_probabilities(outputs):
    sides = np.random.default_rng(0).normal(0, 3, (4, 2, 5, 6, outputs)).astype(np.float32)
    found = logits_of_mean([jnp.asarray(s) for s in sides])
    if outputs == 1:
        np.testing.assert_allclose(special.expit(found), special.expit(sides).mean(0), rtol=1e-5)
    else:
        mean = special.softmax(sides, axis=-1).mean(0)
        np.testing.assert_allclose(special.softmax(found, axis=-1), mean, rtol=1e-5)
        np.testing.assert_allclose(np.exp(found), mean, rtol=1e-5)
    extreme = jnp.full((1, 1, 1, outputs), 1e4).at[..., 0].multiply(-1)
    assert np.isfinite(logits_of_mean([extreme, -extreme])).all()


@pytest.mark.parametrize("kind", [UNet, pytest.param(MNet, marks=pytest.mark.slow)])
def test_a_pixel_depends_on_no_pixel_beyond_the_reach(kind):
    """By the derivative of a pixel's logit, wherever it lies in its block, and on some near it."""
    net, side = kind(features=2, depth=2), 64
    variables = jax.tree.map(jnp.abs, lively(net, (side, side, 1)))  # every ReLU is alive
    x = jax.random.uniform(KEY, (1, side, side, 1))

    @jax.jit
    def seen(x, at):
        logit = lambda x: net.apply(variables, x, train=False)[0, at, at, 0]  # noqa: E731
        return jnp.abs(jax.grad(logit)(x))[0, :, :, 0]

    farthest = 0
    for at in range(28, 33):
        places = np.argwhere(np.asarray(seen(x, at)) > 0) - at
        farthest = max(farthest, np.abs(places).max())
    assert net.reach == 23
    assert net.reach - net.multiple < farthest <= net.reach
    assert net.clone(norm="instance").reach is None


@pytest.mark.parametrize("kind", [pytest.param(UNet, marks=pytest.mark.slow), MNet])
def test_any_size_gives_logits_of_its_size(kind, images):
    """Those of the image reflected to a multiple, cut to its size."""
    net, x = kind(features=1, depth=2, outputs=3, norm="none"), images(1, 10, 15, 1)
    variables = lively(net, (12, 16, 1))
    whole = np.pad(x, ((0, 0), (0, 2), (0, 1), (0, 0)), mode="reflect")
    out, wide = (jax.jit(net.apply)(variables, jnp.asarray(given)) for given in (x, whole))
    assert out.shape == (1, 10, 15, 3)
    np.testing.assert_allclose(out, wide[:, :10, :15], atol=1e-5)


def test_parameters_as_counted_by_hand():
    """Convolutions k3 and transposed ones k2, with a bias each, and the last one k1."""
    widths = [64, 128, 256, 512, 1024]
    down = sum(9 * (a * b + b * b) + 2 * b for a, b in itertools.pairwise([3, *widths]))
    up = sum(4 * b * a + a + 9 * (b * a + a * a) + 2 * a for a, b in itertools.pairwise(widths))
    net = UNet(norm="none", outputs=2)
    shapes = jax.eval_shape(net.init, KEY, jnp.zeros((1, 32, 32, 3)))
    count = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes))
    assert count == down + up + 64 * 2 + 2 == 31_031_810


def test_deep_supervision_of_a_unet_has_its_result_at_full_size():
    net = UNet(features=1, depth=3, norm="none", deep_supervision=True)

    @jax.jit
    def outputs(x):
        variables = net.init(KEY, x)
        return net.apply(variables, x, method="supervised"), net.apply(variables, x)

    sides, out = outputs(jax.random.normal(KEY, (1, 16, 16, 1)))
    assert [s.shape for s in sides] == [(1, 16, 16, 1)] * 3
    np.testing.assert_array_equal(out, sides[-1])
    blocks = np.asarray(sides[0]).reshape(4, 4, 4, 4)  # of level 2: one value a block of 4 x 4
    assert np.ptp(blocks, axis=(1, 3)).max() == 0
    assert np.ptp(blocks) > 0


@pytest.mark.parametrize("fields", [{"depth": 0}, {"features": 0}, {"norm": "other"}])
def test_fields_out_of_range_name_the_field(fields, unchecked):
    name = next(iter(fields))
    with pytest.raises(InputError, match=rf"^algorithm\.net\.{name}: ") as caught:
        MNet(**fields).init(KEY, jnp.zeros((1, 8, 8, 1)))
    assert "\n" not in str(caught.value)
