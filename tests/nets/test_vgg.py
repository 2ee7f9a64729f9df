"""VGG against torchvision and, with the normalised weights, against PyTorch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from jaxgan.errors import InputError
from jaxgan.measure.features import vgg_features, vgg_variables
from jaxgan.nets import VGG

MAPS = ["relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1"]


@pytest.fixture
def peers():
    return pytest.importorskip(
        "benchmarks.peers.torch_features", reason="the reference is PyTorch's"
    )


def check(out, expected):
    assert out.shape == expected.shape
    assert expected.std() > 0.01 * expected.max()
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-4 * expected.max())


@pytest.mark.parametrize(
    "depth,last", [pytest.param(16, "relu5_3", marks=pytest.mark.slow), (19, "relu5_4")]
)
def test_maps_are_torchvisions(peers, depth, last):
    images = np.random.default_rng(0).uniform(-2, 2, (2, 37, 50, 3)).astype(np.float32)
    net = VGG(depth, stop=last)
    other, state = peers.torchvision_vgg(depth)
    maps = jax.jit(net.apply)(vgg_variables(state, net), images)
    for out, expected in zip(maps.values(), peers.torchvision_maps(other, images), strict=True):
        check(out, expected)
    assert list(maps)[-1] == last


@pytest.mark.slow
def test_fc2_and_logits_are_torchvisions_from_pixels(peers):
    images = peers.blobs(224)
    other, state = peers.torchvision_vgg(16, "")
    features = vgg_features(state)
    out = jax.jit(features)(features.variables, images)
    fc2, logits = peers.torchvision_classes(other, images)
    assert (features.name, out["features"].shape[1]) == ("vgg16-fc2/clean", 4096)
    check(out["features"], fc2)
    np.testing.assert_allclose(out["logits"], logits, rtol=0, atol=1e-4 * np.abs(logits).max())


def test_reflected_maps_are_pytorchs(peers):
    images = np.random.default_rng(0).uniform(-100, 100, (2, 21, 30, 3)).astype(np.float32)
    state, net = peers.vgg19_state(), VGG(19, "reflect", "relu3_1")
    maps = jax.jit(net.apply)(vgg_variables(state, net), images)
    expected = peers.vgg19_maps(state, images)
    assert list(maps) == MAPS == list(expected)
    for name in MAPS:
        check(maps[name], expected[name])


@pytest.mark.slow
def test_every_map_of_the_normalised_weights_has_a_mean_of_about_1(peers, shared):
    """Which is what they are made for, over photographs: here over two."""
    state = dict(np.load(shared / "vgg19" / "vgg19_normalised_to_conv3_1.npz"))
    photos = [load_sample_image(name)[:256, 100:356] for name in ("china.jpg", "flower.jpg")]
    bgr = np.stack(photos)[..., ::-1] + state["preproc/b"].reshape(1, 1, 1, 3)
    net = VGG(19, "reflect", "relu3_1")
    maps = jax.jit(net.apply)(vgg_variables(state, net), bgr)
    expected = peers.vgg19_maps(state, bgr)
    for name in MAPS:
        check(maps[name], expected[name])
        assert 0.9 < maps[name].mean() < 1.3


@pytest.mark.parametrize(
    "net,message",
    [
        (VGG(18), "depth: VGG has 16 or 19 layers, not 18: use 16 or 19"),
        (VGG(16, stop="relu5_4"), "stop: VGG has no 'relu5_4': use one of relu1_1, relu1_2"),
        (VGG(16), "images: VGG's dense layers take 224x224 pixels, not 32x48: resize them, or set"),
    ],
)
def test_what_it_refuses(net, message):
    with pytest.raises(InputError, match=message):
        jax.eval_shape(net.init, jax.random.key(0), jnp.zeros((1, 32, 48, 3)))
