"""From pixels to features, against the peers' own pipelines."""

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.measure.features import (
    Features,
    clean,
    inception_features,
)


@pytest.fixture
def peers():
    return pytest.importorskip("benchmarks.peers.torch_features", reason="the peers are PyTorch's")


@pytest.fixture
def plain():
    """Features that are the pixels that reach the network."""

    def apply(variables, images):
        return {"features": images.reshape(images.shape[0], -1) + variables["shift"][None]}

    return Features("plain/clean", 4, clean, {"shift": np.zeros(48, np.float32)}, apply)


@pytest.fixture
def unchecked(monkeypatch):
    """Without the tests' own type checks: what a user sees."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def check(out, expected):
    largest = np.abs(expected).max()
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-4 * largest)
    assert np.abs(expected[0] - expected[1]).max() > 0.01 * largest


@pytest.mark.slow
def test_inception_is_torch_fidelity_from_pixels(peers, tmp_path):
    images = peers.blobs(40)[:, :33]
    features = inception_features(peers.inception_state(), "0123")
    out = jax.jit(features)(features.variables, images)
    expected = peers.torch_fidelity_inception(tmp_path / "weights.pth", images)
    assert (features.name, features.side, features.sha256) == (
        "inception-2015/legacy_tensorflow",
        299,
        "0123",
    )
    check(out["features"], expected["2048"])
    check(out["logits"], expected["logits_unbiased"])


@pytest.mark.peers
def test_inception_is_pytorch_fid_from_pixels(peers):
    images = peers.blobs(40)[:, :33]
    features = inception_features(peers.inception_state(), resize="legacy_pytorch", tap="768")
    out = jax.jit(features)(features.variables, images)
    assert features.name == "inception-2015-768/legacy_pytorch"
    check(out["features"], peers.pytorch_fid_inception(images.astype(np.float32) / 255)["768"])


@pytest.mark.slow
def test_inception_is_clean_fid_from_pixels(peers):
    """clean-fid's resizer, and its scale as it stands before its copy of the network."""
    from cleanfid.resize import build_resizer

    images = peers.blobs(400)[:, :310]
    features = inception_features(peers.inception_state(), resize="clean", tap="192")
    out = jax.jit(features)(features.variables, images)
    scaled = (np.stack([build_resizer("clean")(image) for image in images]) - 128) / 128
    how = {"resize_input": False, "normalize_input": False}
    check(out["features"], peers.pytorch_fid_inception(scaled, **how)["192"])


def test_the_host_may_resize(plain):
    images = np.random.default_rng(0).integers(0, 256, (2, 9, 7, 3), dtype=np.uint8)
    expected = clean(images, 4).reshape(2, -1)
    for given in (images, jnp.asarray(images), clean(images, 4)):
        np.testing.assert_allclose(plain(plain.variables, given)["features"], expected, atol=1e-3)


def test_grey_is_repeated(plain):
    grey = np.random.default_rng(0).integers(0, 256, (2, 9, 7, 1), dtype=np.uint8)
    expected = plain(plain.variables, grey.repeat(3, -1))["features"]
    np.testing.assert_array_equal(plain(plain.variables, grey)["features"], expected)


def test_variables_are_an_argument(plain):
    images = np.zeros((1, 4, 4, 3), np.uint8)
    out = jax.jit(plain)({"shift": np.arange(48, dtype=np.float32)}, images)
    np.testing.assert_array_equal(out["features"][0], np.arange(48))


@pytest.mark.parametrize(
    "shape,dtype,message",
    [
        ((1, 9, 9, 4), "uint8", "images: plain/clean reads 1 channel (grey) or 3 (RGB), not 4: "),
        ((1, 4, 4, 3), "int32", "images: plain/clean reads uint8, or float32 in 0..255, not int32"),
        ((1, 9, 4, 3), "float32", "images: plain/clean reads float32 of 4x4 pixels, not 9x4: "),
    ],
)
def test_images_that_it_does_not_read(plain, shape, dtype, message):
    images = jax.ShapeDtypeStruct(shape, dtype)
    with pytest.raises(InputError) as caught:
        jax.eval_shape(plain, plain.variables, images)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "how,message",
    [
        ({"resize": "bicubic"}, "resize: there is no 'bicubic': use one of legacy_tensorflow, "),
        ({"tap": "pool_3"}, "tap: Inception has no 'pool_3': use one of 64, 192, 768, 2048"),
    ],
)
def test_another_resizer_or_tap(unchecked, how, message):
    with pytest.raises(InputError, match=message):
        inception_features({}, **how)
