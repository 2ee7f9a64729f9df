import jax
import numpy as np

from jaxgan.ops import max_pool, mean_pool, upsample


def test_upsample_repeats_each_pixel():
    x = np.arange(2 * 2 * 3 * 2, dtype=np.float32).reshape(2, 2, 3, 2)
    np.testing.assert_array_equal(upsample(jax.numpy.asarray(x)), x.repeat(2, 1).repeat(2, 2))


def test_mean_pool_averages_blocks_and_undoes_upsample():
    x = np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype(np.float32)
    blocks = x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]
    x = jax.numpy.asarray(x)
    np.testing.assert_allclose(mean_pool(x), blocks / 4, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mean_pool(upsample(x)), x, rtol=1e-6)


def test_max_pool_takes_the_largest_of_a_block_and_its_gradient_goes_there():
    x = np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype(np.float32)
    blocks = x.reshape(2, 2, 2, 3, 2, 3).transpose(0, 1, 3, 5, 2, 4).reshape(2, 2, 3, 3, 4)
    np.testing.assert_array_equal(max_pool(jax.numpy.asarray(x)), blocks.max(-1))
    gradient = jax.grad(lambda x: max_pool(x).sum())(jax.numpy.asarray(x))
    np.testing.assert_array_equal(gradient, x == blocks.max(-1).repeat(2, 1).repeat(2, 2))
