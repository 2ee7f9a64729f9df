"""What is written for one program of all devices computes the same in one for each."""

import jax
import jax.numpy as jnp
import numpy as np
from core_helpers import KEY

from jaxgan.core import sharding

X = jnp.arange(24.0).reshape(8, 3)


def on_each(function, *args):
    """``function`` of each of four devices' shard of the arguments' rows."""
    parts = [x.reshape(4, -1, *x.shape[1:]) for x in args]
    return jax.pmap(function, sharding.AXIS, devices=jax.devices()[:4])(*parts)


def test_outside_of_pmap_a_program_sees_the_whole_batch():
    assert not sharding.mapped()
    for function in (
        sharding.sharded,
        sharding.own_shard,
        sharding.gathered,
        sharding.over_devices,
    ):
        np.testing.assert_array_equal(function(X), X)
    np.testing.assert_array_equal(
        sharding.draw(jax.random.normal, KEY, (8, 3)), jax.random.normal(KEY, (8, 3))
    )


def test_a_device_has_its_shard_of_what_is_drawn_for_the_whole_batch():
    out = on_each(lambda x: sharding.draw(jax.random.normal, KEY, x.shape), X)
    np.testing.assert_array_equal(out.reshape(8, 3), jax.random.normal(KEY, (8, 3)))


def test_the_whole_batch_is_gathered_and_sharded_again():
    out = on_each(lambda x: sharding.own_shard(sharding.gathered(x) + 1), X)
    np.testing.assert_array_equal(out.reshape(8, 3), X + 1)


def test_floats_are_averaged_over_the_devices_and_counts_are_not():
    mean, count = on_each(lambda x: sharding.over_devices((x.mean(), jnp.asarray(2))), X)
    np.testing.assert_allclose(mean, np.full(4, X.mean()))
    np.testing.assert_array_equal(count, np.full(4, 2))


def test_the_gradient_of_a_mean_over_devices_is_that_of_the_whole_batch():
    def gradient(x):
        def value(w):
            return sharding.over_devices(jnp.sin(sharding.averaged_gradient(w) * x).mean())

        return jax.grad(value)(jnp.asarray(2.0))

    expected = jax.grad(lambda w: jnp.sin(w * X).mean())(2.0)
    np.testing.assert_allclose(on_each(gradient, X), np.full(4, expected), rtol=1e-5)
