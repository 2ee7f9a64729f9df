import jax
import numpy as np

from jaxgan.metrics import lpips

SHAPES = {"relu1_2": (3, 6, 5, 4), "relu2_2": (3, 3, 2, 8)}


def maps(seed):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=s).clip(0).astype(np.float32) for name, s in SHAPES.items()}


LINEAR = {name: np.random.default_rng(9).uniform(0, 1, s[-1:]) for name, s in SHAPES.items()}
LINEAR = {name: w.astype(np.float32) for name, w in LINEAR.items()}


def test_it_is_the_formula_in_loops():
    x, y = maps(0), maps(1)
    x["relu2_2"][0, 0, 0] = 0.0  # a dead pixel has no direction
    expected = np.zeros(3)
    for name, w in LINEAR.items():
        for n, i, j in np.ndindex(SHAPES[name][:3]):
            a, b = (m[name][n, i, j].astype(np.float64) for m in (x, y))
            a, b = (v / np.linalg.norm(v) if v.any() else v for v in (a, b))
            expected[n] += (w * (a - b) ** 2).sum() / np.prod(SHAPES[name][1:3])
    np.testing.assert_allclose(jax.jit(lpips)(x, y, LINEAR), expected, rtol=1e-5)


def test_it_ignores_the_length_of_maps_and_is_0_for_equal_ones():
    x = maps(0)
    twice = {name: 2 * value for name, value in x.items()}
    np.testing.assert_allclose(jax.jit(lpips)(x, twice, LINEAR), 0.0, atol=1e-6)


def test_its_gradient_is_finite_at_dead_pixels():
    x, y = maps(0), maps(1)
    x["relu1_2"][:] = 0.0
    grad = jax.jit(jax.grad(lambda x, y, w: lpips(x, y, w).sum()))(x, y, LINEAR)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(grad))
