"""The resizers against the code whose scores they repeat."""

import jax
import numpy as np
import pytest

from jaxgan.measure.features import clean, legacy_pytorch, legacy_tensorflow

SIZES = [((32, 32), 299), ((28, 28), 299), ((512, 300), 299), ((64, 64), 227), ((9, 20), 9)]
RNG = np.random.default_rng(0)
IMAGES = {shape: RNG.integers(0, 256, (2, *shape, 3), dtype=np.uint8) for shape, _ in SIZES}
sizes = pytest.mark.parametrize("shape,size", SIZES)
TOLERANCE = {"rtol": 0, "atol": 1e-3}


@pytest.fixture
def peer():
    """A module of the code whose scores are repeated, with torchvision beneath it."""
    reason = "the reference is PyTorch's"
    pytest.importorskip("benchmarks.peers.torchvision_cpu", reason=reason)
    return lambda name: pytest.importorskip(name, reason=reason)


def by_torch(peer, function, shape, **how):
    images = IMAGES[shape].transpose(0, 3, 1, 2).astype(np.float32)
    return function(peer("torch").from_numpy(images), align_corners=False, **how).permute(
        0, 2, 3, 1
    )


@sizes
def test_legacy_tensorflow_is_torch_fidelitys(peer, shape, size):
    module = peer("torch_fidelity.interpolate_compat_tensorflow")
    function = module.interpolate_bilinear_2d_like_tensorflow1x
    expected = by_torch(peer, function, shape, size=(size, size))
    np.testing.assert_allclose(legacy_tensorflow(IMAGES[shape], size), expected, **TOLERANCE)


@sizes
def test_legacy_pytorch_is_interpolate(peer, shape, size):
    function = peer("torch.nn.functional").interpolate
    expected = by_torch(peer, function, shape, size=(size, size), mode="bilinear")
    np.testing.assert_allclose(legacy_pytorch(IMAGES[shape], size), expected, **TOLERANCE)


@sizes
def test_clean_is_clean_fids(peer, shape, size):
    module = peer("cleanfid.resize")
    resizer = module.make_resizer("PIL", False, "bicubic", (size, size))
    if size == 299:
        resizer = module.build_resizer("clean")
    expected = np.stack([resizer(image) for image in IMAGES[shape]])
    np.testing.assert_allclose(clean(IMAGES[shape], size), expected, **TOLERANCE)


@pytest.mark.parametrize("resize", [legacy_tensorflow, legacy_pytorch, clean])
def test_the_device_computes_what_the_host_does(resize):
    images = IMAGES[512, 300]
    on_host, on_device = resize(images, 64), jax.jit(resize, static_argnums=1)(images, 64)
    assert isinstance(on_host, np.ndarray)
    assert isinstance(on_device, jax.Array)
    assert on_host.dtype == on_device.dtype == np.float32
    assert on_host.shape == (2, 64, 64, 3)
    np.testing.assert_allclose(on_device, on_host, **TOLERANCE)


@pytest.mark.parametrize("resize", [legacy_tensorflow, legacy_pytorch, clean])
def test_images_of_the_size_stay_and_floats_are_read_as_bytes_are(resize):
    images = IMAGES[64, 64]
    np.testing.assert_array_equal(resize(images, 64), images)
    np.testing.assert_array_equal(resize(images.astype(np.float32), 99), resize(images, 99))
