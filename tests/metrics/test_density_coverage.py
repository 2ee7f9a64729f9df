"""Density and coverage against the paper's package, which computes in float64."""

import numpy as np
import pytest
from metric_helpers import mixed

from jaxgan.errors import InputError
from jaxgan.metrics import density_coverage


def sets(kind):
    real, fake = mixed(700, 16, 0), (0.9 * mixed(500, 16, 1)).astype(np.float32)
    if kind == "duplicates":
        fake[:100], fake[100:200], real[500:600] = real[:100], fake[200:300], real[600:700]
    return real, fake


@pytest.mark.parametrize("kind", ["apart", "duplicates"])
@pytest.mark.parametrize("k", [1, 5])
def test_prdc(kind, k, capsys):
    prdc = pytest.importorskip("prdc", reason="the extra `peers` is not installed")
    real, fake = sets(kind)
    want = prdc.compute_prdc(real, fake, k)
    capsys.readouterr()  # it prints
    assert 0.01 < want["coverage"] < 0.99
    found = density_coverage(real, fake, k)
    np.testing.assert_allclose(found, [want["density"], want["coverage"]], rtol=1e-12)


def test_a_set_and_itself_and_sets_far_apart():
    real, _ = sets("apart")
    order = np.random.default_rng(3).permutation(len(real))
    np.testing.assert_allclose(density_coverage(real, real[order]), (1.0, 1.0))
    assert density_coverage(real, real + np.float32(100)) == (0.0, 0.0)


def test_bad_input():
    real, fake = mixed(5, 8, 0), mixed(10, 8, 1)
    with pytest.raises(InputError, match=r"^k: 5 is not between 1 and 4.* 5 real images"):
        density_coverage(real, fake)
    assert density_coverage(fake, real)[0] >= 0  # of the fakes no neighbours are asked for
    with pytest.raises(InputError, match=r"^fake: a set of 1 is too small"):
        density_coverage(fake, fake[:1])
