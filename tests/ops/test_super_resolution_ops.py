import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.ops import PReLU, pixel_shuffle
from jaxgan.ops.ycbcr import luma, to_rgb, to_ycbcr


@pytest.mark.parametrize("scale", [2, 3])
def test_pixel_shuffle_is_its_formula(scale):
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 2 * scale**2)).astype(np.float32)
    y = np.asarray(pixel_shuffle(jnp.asarray(x), scale))
    assert y.shape == (2, 3 * scale, 4 * scale, 2)
    for i, j, k, a, b in np.ndindex(3, 4, 2, scale, scale):
        expected = x[:, i, j, k * scale**2 + a * scale + b]
        np.testing.assert_array_equal(y[:, scale * i + a, scale * j + b, k], expected)


def test_prelu_has_a_slope_a_channel():
    x = jnp.array([[-2.0, -2.0, 3.0]])
    variables = {"params": {"slope": jnp.array([0.5, 0.25, 0.1])}}
    np.testing.assert_allclose(PReLU().apply(variables, x), [[-1.0, -0.5, 3.0]])


@pytest.mark.parametrize(
    "rgb,ycbcr",
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (81.481, 90.203, 240)),
        ((0, 255, 0), (144.553, 53.797, 34.214)),
        ((0, 0, 255), (40.966, 240, 109.786)),
    ],
)
def test_colours_as_the_recommendation_has_them(rgb, ycbcr):
    image = jnp.asarray(rgb, jnp.float32).reshape(1, 1, 1, 3)
    np.testing.assert_allclose(to_ycbcr(image)[0, 0, 0], ycbcr, atol=2e-3)
    np.testing.assert_allclose(luma(image)[0, 0, 0, 0], ycbcr[0], atol=2e-3)
    np.testing.assert_allclose(to_rgb(to_ycbcr(image))[0, 0, 0], rgb, atol=2e-2)
