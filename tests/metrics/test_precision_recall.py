"""Precision and recall against NumPy in float64 and torch-fidelity."""

import numpy as np
import pytest
from metric_helpers import mixed

from jaxgan.errors import InputError
from jaxgan.metrics import precision_recall


def distances(a, b):
    return np.square(a[:, None].astype(np.float64) - b[None].astype(np.float64)).sum(2)


def reference(real, fake, k):
    def inside(points, centres):
        own = np.sort(distances(centres, centres), 1)[:, k]  # the first is the row itself
        return (distances(points, centres) <= own[None]).any(1).mean()

    return inside(fake, real), inside(real, fake)


def sets(kind):
    """Real and fake features, which lie far from 0 compared with their spread."""
    real, fake = mixed(1100, 16, 0, relu=False) + np.float32(20), mixed(700, 16, 1, relu=False)
    fake = (1.3 * fake + 20.4).astype(np.float32)
    if kind == "duplicates":
        fake[:100], fake[100:200], real[500:700] = real[:100], fake[200:300], real[700:900]
    return real, fake


@pytest.mark.parametrize(
    "kind,k",
    [
        ("apart", 3),
        ("duplicates", 1),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (("apart", 1), ("duplicates", 3))
        ),
    ],
)
def test_numpy(kind, k):
    real, fake = sets(kind)
    want = reference(real, fake, k)
    assert all(0.01 < share < 0.99 for share in want)
    np.testing.assert_allclose(precision_recall(real, fake, k), want, rtol=1e-12)


def test_torch_fidelity():
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    import benchmarks.peers.torchvision_cpu  # noqa: F401

    reason = "the extra `peers` is not installed"
    metric = pytest.importorskip("torch_fidelity.metric_prc", reason=reason)
    real, fake = sets("apart")
    want = metric.prc_features_to_metric(
        torch.tensor(fake).double(), torch.tensor(real).double(), verbose=False
    )
    found = precision_recall(real, fake)
    np.testing.assert_allclose(found, [want["precision"], want["recall"]], atol=1e-6)


def test_a_set_and_itself_and_sets_far_apart():
    real, _ = sets("apart")
    order = np.random.default_rng(3).permutation(len(real))
    assert precision_recall(real, real[order]) == (1.0, 1.0)
    assert precision_recall(real, real + np.float32(100)) == (0.0, 0.0)


def test_bad_input():
    real, fake = mixed(20, 8, 0), mixed(10, 8, 1)
    with pytest.raises(InputError, match=r"^k: 10 is not between 1 and 9.* 10 fake images"):
        precision_recall(real, fake, 10)
    with pytest.raises(InputError, match=r"^k: 10 is not between 1 and 9.* 10 real images"):
        precision_recall(fake, real, 10)
    with pytest.raises(InputError, match=r"^k: 0 is not between"):
        precision_recall(real, fake, 0)
    with pytest.raises(InputError, match=r"^real: holds NaN"):
        precision_recall(real * np.float32(np.nan), fake)
