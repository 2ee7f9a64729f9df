"""Balls of neighbours against NumPy in float64, over several blocks."""

import jax.numpy as jnp
import numpy as np
import pytest
from metric_helpers import mixed

from jaxgan.errors import InputError
from jaxgan.metrics import neighbours
from jaxgan.metrics.neighbours import centred, check_neighbours, count_inside, squared_radii


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks of 64: sets have several, the last with padding."""
    monkeypatch.setattr(neighbours, "_BLOCK", 64)


def distances(a, b):
    return np.square(a[:, None].astype(np.float64) - b[None].astype(np.float64)).sum(2)


def radii(x, k):
    """Of every other row's distance, the k-th smallest."""
    squared = distances(x, x)
    np.fill_diagonal(squared, np.inf)
    return np.sort(squared, 1)[:, k - 1]


@pytest.mark.parametrize("k", [1, 5, 100])
@pytest.mark.parametrize("n", [150, 128])
def test_radii(n, k):
    x, _ = centred(*2 * [jnp.asarray(mixed(n, 16, 0))])
    np.testing.assert_allclose(squared_radii(x, k), radii(np.asarray(x), k), rtol=1e-5)


def test_an_equal_row_is_a_neighbour_at_distance_0():
    x = np.repeat(mixed(90, 16, 0), 2, axis=0)[np.random.default_rng(0).permutation(180)]
    x = jnp.asarray(x - x.mean(0))
    np.testing.assert_allclose(squared_radii(x, 1), 0, atol=1e-5)
    np.testing.assert_allclose(squared_radii(x, 2), radii(np.asarray(x), 2), rtol=1e-5)


def test_what_balls_hold():
    x, y = (
        np.asarray(part)
        for part in centred(jnp.asarray(mixed(150, 16, 0)), jnp.asarray(mixed(70, 16, 1)))
    )
    squared = radii(x, 4)
    inside = distances(x, y) <= squared[:, None]
    assert 0 < inside.mean() < 1
    holds, held = count_inside(
        jnp.asarray(x), jnp.asarray(squared, jnp.float32), jnp.asarray(y), strict=False
    )
    np.testing.assert_array_equal(holds, inside.sum(1))
    np.testing.assert_array_equal(held, inside.sum(0))


def test_the_surface():
    """The k-th neighbour lies on it exactly, though its distance is computed in another block."""
    x = jnp.asarray(mixed(150, 16, 0))
    x, _ = centred(x, x)
    order = np.random.default_rng(2).permutation(150)
    own, k = squared_radii(x, 3), 3
    with_surface, _ = count_inside(x, own, x[order], strict=False)
    without, _ = count_inside(x, own, x[order], strict=True)
    np.testing.assert_array_equal(with_surface, k + 1)
    np.testing.assert_array_equal(without, k)


def test_neighbours_are_other_images():
    check_neighbours(3, real=4)
    with pytest.raises(InputError, match=r"k: 0 is not between 1 and 4, .* 5 real images has"):
        check_neighbours(0, real=5, fake=4)
    with pytest.raises(InputError, match=r"k: 4 is not between 1 and 3, .* 4 fake images has"):
        check_neighbours(4, real=5, fake=4)
