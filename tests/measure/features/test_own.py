"""Features by functions of NumPy, JAX and PyTorch: what they are given and may give."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.data.config import Data
from jaxgan.errors import InputError
from jaxgan.measure.collecting import Collector, Needs
from jaxgan.measure.features import outputs_of, own_features
from jaxgan.measure.sets import as_they_are
from jaxgan.system.devices import Devices

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (11, 8, 6, 3), np.uint8)
WEIGHTS = RNG.normal(size=(8 * 6 * 3, 5)).astype(np.float32)
EXPECTED = IMAGES.reshape(11, -1) / 255 @ WEIGHTS


def of_numpy(images):
    """What JAX cannot trace: it looks at the values."""
    assert type(images) is np.ndarray
    assert images.dtype == np.uint8
    return np.stack([image.ravel() / 255 @ WEIGHTS for image in np.asarray(images)])


def of_jax(images):
    return images.reshape(len(images), -1) / 255 @ jnp.asarray(WEIGHTS)


def of_torch(images):
    import torch

    net = torch.nn.Linear(WEIGHTS.shape[0], 5, bias=False)
    net.weight.data = torch.from_numpy(WEIGHTS.T.copy())
    with torch.no_grad():
        return net(torch.from_numpy(images).flatten(1).float() / 255)


def collect(folder, function, batch_size=4, devices=2):
    np.savez(folder / "x.npz", images=IMAGES)
    images = as_they_are(Data(source=f"npz:{folder / 'x.npz'}"))
    needs = Needs(moments=True, rows=True, pixels=False)
    return Collector(needs, own_features("mine", function), batch_size, Devices(devices))(images)


@pytest.mark.parametrize("kind", ["numpy", "jax", "torch"])
def test_any_function_of_arrays_serves(tmp_path, kind):
    if kind == "torch":
        pytest.importorskip("torch")
    function = {"numpy": of_numpy, "jax": of_jax, "torch": of_torch}[kind]
    assert outputs_of(own_features("mine", function), IMAGES.shape[1:])[1] == (kind == "jax")
    found = collect(tmp_path, function)
    np.testing.assert_allclose(found.rows, EXPECTED, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.moments[0], EXPECTED.mean(0), rtol=1e-4, atol=1e-4)


def test_a_function_that_can_be_traced_is_compiled(tmp_path):
    calls = []

    def function(images):
        calls.append(isinstance(images, jax.Array))
        return of_jax(images)

    collect(tmp_path, function, batch_size=2)
    assert len(calls) < 6  # batches
    assert all(calls)


def wrong_shape(images):
    return np.asarray(images).mean((1, 2, 3))


def broken(images):
    return np.asarray(images) @ np.ones((7, 7))


def undetached(images):
    import torch

    return torch.nn.Linear(6, 2)(torch.from_numpy(images)[:, 0, :, 0].float())


@pytest.mark.parametrize(
    "function,line",
    [
        (wrong_shape, r"features: mine gives \(2,\) for 2 images: it must give \(2, numbers"),
        (
            broken,
            r"features: mine fails on a NumPy array of uint8 images \(2, 8, 6, 3\) \(ValueErr",
        ),
        (undetached, r"features: mine fails .*RuntimeError: Can't call numpy\(\) on Tensor that"),
        (sum, r"features: mine gives \(8, 6, 3\) for 2 images"),
        (lambda images: None, r"features: mine gives \(\) for 2 images"),
    ],
)
def test_a_wrong_function_is_one_line(tmp_path, function, line):
    if function is undetached:
        pytest.importorskip("torch")
    with pytest.raises(InputError, match=line) as caught:
        collect(tmp_path, function)
    assert "\n" not in str(caught.value)


def test_own_features_are_a_function_of_the_images_as_they_are():
    features = own_features("mean", lambda images: images.mean((1, 2)))
    assert (features.name, features.side) == ("own/mean", 0)
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 6, 3), dtype=np.uint8)
    out = features(features.variables, images)
    np.testing.assert_allclose(out["features"], images.mean((1, 2)), rtol=1e-6)
    assert out["features"].dtype == np.float32
