import jax
import numpy as np

from jaxgan.losses import perceptual


def maps(seed):
    rng = np.random.default_rng(seed)
    shapes = {"relu1_1": (2, 6, 5, 3), "relu2_1": (2, 3, 2, 4), "relu3_1": (2, 1, 1, 8)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def test_it_is_the_weighted_mean_square_of_the_layers_that_count():
    x, y, weights = maps(0), maps(1), {"relu1_1": 0.5, "relu3_1": 2.0}
    expected = sum(
        w * np.mean((x[name].astype(np.float64) - y[name]) ** 2) for name, w in weights.items()
    )
    found = jax.jit(lambda x, y: perceptual(x, y, weights))(x, y)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_its_gradient_is_that_of_a_mean_square():
    x, y = maps(0), maps(1)
    grad = jax.jit(jax.grad(lambda x, y: perceptual(x, y, {"relu2_1": 3.0})))(x, y)
    expected = 6.0 * (x["relu2_1"] - y["relu2_1"]) / x["relu2_1"].size
    np.testing.assert_allclose(grad["relu2_1"], expected, rtol=1e-5, atol=1e-7)
    assert not np.any(grad["relu1_1"])
