"""SqueezeNet against PyTorch, with random weights and with those of ImageNet."""

import jax
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from jaxgan.measure.features import squeezenet_features, squeezenet_variables
from jaxgan.nets import SqueezeNet

MEAN = np.array([104, 117, 123], np.float32)


@pytest.fixture
def peers():
    return pytest.importorskip(
        "benchmarks.peers.torch_features", reason="the reference is PyTorch's"
    )


@pytest.mark.parametrize("shape", [(227, 227), (97, 110)])
def test_features_and_logits_are_pytorchs(peers, shape):
    """At 227 pixels every pool fits; at 97 x 110 the last window of some reaches over the edge."""
    images = np.random.default_rng(0).uniform(-100, 100, (2, *shape, 3)).astype(np.float32)
    state = peers.squeezenet_state()
    out = jax.jit(SqueezeNet().apply)(squeezenet_variables(state), images)
    for name, expected in zip(("features", "logits"), peers.squeezenet(state, images), strict=True):
        assert out[name].shape == expected.shape
        np.testing.assert_allclose(out[name], expected, rtol=0, atol=1e-4 * expected.max())


def test_it_knows_a_temple_and_takes_a_dahlia_for_a_sea_urchin(peers, shared):
    """With the weights of ImageNet, which has no dahlia."""
    state = dict(np.load(shared / "squeezenet" / "squeezenet_v1_0_deepcomp.npz"))
    photos = [load_sample_image(name)[:, 100:527] for name in ("china.jpg", "flower.jpg")]
    features = squeezenet_features(state)
    out = jax.jit(features)(features.variables, np.stack(photos))
    bgr = np.stack([by_pillow(photo[..., ::-1], 227) for photo in photos])
    for name, expected in zip(
        ("features", "logits"), peers.squeezenet(state, bgr - MEAN), strict=True
    ):
        np.testing.assert_allclose(out[name], expected, rtol=0, atol=1e-4 * expected.max())
    bell_cote, sea_urchin = 442, 328
    assert list(out["logits"].argmax(1)) == [bell_cote, sea_urchin]


def by_pillow(image, side):
    channels = [Image.fromarray(x.astype(np.float32)) for x in np.moveaxis(image, -1, 0)]
    resized = [x.resize((side, side), Image.Resampling.BICUBIC) for x in channels]
    return np.stack(resized, -1).clip(0, 255)
