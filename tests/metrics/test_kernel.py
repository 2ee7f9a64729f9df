"""The kernel distance against NumPy in float64 and torch-fidelity, on its subsets."""

import numpy as np
import pytest
from metric_helpers import mixed

from jaxgan.errors import InputError
from jaxgan.metrics import kernel_distance

SUBSETS, SIZE = 6, 150


def reference(real, fake, degree):
    """The definition, by pairs."""
    rng = np.random.RandomState(2020)
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    found = []
    for _ in range(SUBSETS):
        x = fake[rng.choice(len(fake), SIZE, replace=False)]
        y = real[rng.choice(len(real), SIZE, replace=False)]
        xx, yy, xy = ((a @ b.T / a.shape[1] + 1) ** degree for a, b in ((x, x), (y, y), (x, y)))
        pairs = SIZE * (SIZE - 1)
        unbiased = (xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)) / pairs
        found.append(unbiased - 2 * xy.mean())
    return np.mean(found), np.std(found)


@pytest.mark.parametrize("degree", [1, 3, 4])
def test_numpy(degree):
    real, fake = mixed(400, 64, 0), 1.1 * mixed(300, 64, 1)
    found = kernel_distance(real, fake, SUBSETS, SIZE, degree)
    np.testing.assert_allclose(found, reference(real, fake, degree), rtol=1e-4)


def test_tiny_distances_keep_three_digits():
    real, fake = mixed(3000, 256, 0), mixed(3000, 256, 1)
    found, want = kernel_distance(real, fake, SUBSETS, SIZE), reference(real, fake, 3)
    kernel = ((real**2).mean() + 1.0) ** 3  # of an image and itself
    assert abs(want[0]) < 1e-3 * kernel
    np.testing.assert_allclose(found, want, rtol=1e-3, atol=1e-8)


def test_torch_fidelity():
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    import benchmarks.peers.torchvision_cpu  # noqa: F401

    reason = "the extra `peers` is not installed"
    metric = pytest.importorskip("torch_fidelity.metric_kid", reason=reason)
    real, fake = mixed(400, 64, 0), 1.1 * mixed(300, 64, 1)
    want = metric.kid_features_to_metric(
        torch.tensor(fake).double(),
        torch.tensor(real).double(),
        kid_subsets=SUBSETS,
        kid_subset_size=SIZE,
        verbose=False,
    )
    found = kernel_distance(real, fake, SUBSETS, SIZE)
    np.testing.assert_allclose(found, list(want.values()), rtol=1e-4)


def test_bad_input():
    real, fake = mixed(40, 8, 0), mixed(30, 8, 1)
    with pytest.raises(
        InputError, match=r"^subset_size: 1000 is more than the 40 real images; use"
    ):
        kernel_distance(real, fake)
    with pytest.raises(
        InputError, match=r"^subset_size: 35 is more than the 30 fake images.*at most 30"
    ):
        kernel_distance(real, fake, subset_size=35)
    with pytest.raises(InputError, match=r"^subset_size: 1 is too small; use at least 2"):
        kernel_distance(real, fake, subset_size=1)
    with pytest.raises(InputError, match=r"^fake: holds NaN"):
        kernel_distance(real, fake * np.float32(np.nan), subset_size=9)
    with pytest.raises(InputError, match=r"^fake: features of 7 numbers cannot be compared .* 8"):
        kernel_distance(real, fake[:, 1:], subset_size=9)
    with pytest.raises(InputError, match=r"^real: a set of 1 is too small; give at least 2"):
        kernel_distance(real[:1], fake, subset_size=9)
