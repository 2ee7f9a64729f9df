"""Inception against the networks of torch-fidelity and pytorch-fid, with the same weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.measure.features import inception_variables
from jaxgan.nets import Inception


def check(taps, expected):
    """To 1e-4 of the largest; and the two images differ by more than that a hundred times."""
    for name, value in expected.items():
        largest = np.abs(value).max()
        np.testing.assert_allclose(taps[name], value, rtol=0, atol=1e-4 * largest, err_msg=name)
        assert np.abs(value[0] - value[1]).max() > 0.01 * largest


@pytest.mark.peers
def test_every_tap_is_torch_fidelitys_and_pytorch_fids(tmp_path):
    peers = pytest.importorskip(
        "benchmarks.peers.torch_features", reason="the references are PyTorch's"
    )
    images = peers.blobs(299)
    scaled = (images.astype(np.float32) - 128) / 128
    variables = inception_variables(peers.inception_state())
    taps = jax.jit(Inception().apply)(variables, scaled)
    expected = peers.torch_fidelity_inception(tmp_path / "weights.pth", images)
    assert set(expected) == set(taps)
    check(taps, expected)
    check(taps, peers.pytorch_fid_inception(scaled, resize_input=False, normalize_input=False))


def test_images_of_another_size_are_refused():
    with pytest.raises(InputError, match="images: Inception takes 299x299 pixels, not 32x48"):
        jax.eval_shape(Inception().init, jax.random.key(0), jnp.zeros((1, 32, 48, 3)))
