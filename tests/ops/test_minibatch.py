"""The minibatch's standard deviation against the paper's, written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.core.sharding import AXIS
from jaxgan.ops import minibatch_stddev


def maps(n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 2, 3, 4)).astype(np.float32)


def by_hand(x, members):
    """Group p is the examples p, p + m, p + 2 m, ... of a batch of ``members`` m."""
    n, h, w, c = x.shape
    m = n // members
    channel = np.zeros((n, h, w, 1))
    for p in range(m):
        group = [x[p + i * m].astype(np.float64) for i in range(members)]
        total = 0.0
        for pixel in np.ndindex(h, w, c):
            values = [example[pixel] for example in group]
            mean = sum(values) / members
            total += np.sqrt(sum((v - mean) ** 2 for v in values) / members + 1e-8)
        for i in range(members):
            channel[p + i * m] = total / (h * w * c)
    return np.concatenate([x, channel], axis=-1)


@pytest.mark.parametrize(("n", "group", "members"), [(8, 4, 4), (12, 4, 4), (4, 4, 4), (6, 4, 2)])
def test_it_is_the_mean_deviation_over_strided_groups(n, group, members):
    x = maps(n)
    np.testing.assert_allclose(minibatch_stddev(jnp.asarray(x), group), by_hand(x, members), 1e-5)


def test_an_example_changes_its_own_group_alone():
    x = maps(8)
    moved = x.copy()
    moved[1] += 1.0 + np.arange(4, dtype=np.float32)
    before, after = (np.asarray(minibatch_stddev(jnp.asarray(y)))[:, 0, 0, -1] for y in (x, moved))
    assert np.flatnonzero(before != after).tolist() == [1, 3, 5, 7]


def test_equal_examples_deviate_by_the_root_of_epsilon_and_have_a_gradient():
    x = jnp.ones((4, 2, 2, 3))
    assert float(minibatch_stddev(x)[0, 0, 0, 3]) == pytest.approx(1e-4)
    second = jax.grad(lambda x: jax.grad(lambda y: minibatch_stddev(y).sum())(x).sum())(x)
    assert np.isfinite(second).all()


def test_the_statistics_of_bfloat16_maps_are_float32():
    x = jnp.asarray(maps(8), jnp.bfloat16)
    channel = minibatch_stddev(x)
    assert channel.dtype == jnp.bfloat16
    exact = minibatch_stddev(x.astype(jnp.float32))
    np.testing.assert_allclose(channel.astype(jnp.float32), exact, rtol=2**-8)


def test_a_program_of_one_share_sees_the_whole_batch():
    x = maps(8)
    shares = jax.pmap(minibatch_stddev, AXIS)(x.reshape(4, 2, *x.shape[1:]))
    np.testing.assert_allclose(shares.reshape(8, *shares.shape[2:]), by_hand(x, 4), rtol=1e-5)
