"""What must hold on an accelerator: ``JAX_PLATFORMS=cuda,cpu python -m pytest -m gpu -n 0``.

The tests run on JAX's default device, so on a machine without a GPU they run on its CPU.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.ops import Conv, ConvTranspose
from jaxgan.system.devices import Devices, leading
from tests.algorithms.test_every_algorithm import KEY, batches, build
from tests.small import ALGORITHMS, with_frozen

pytestmark = pytest.mark.gpu

LAYERS = [
    kind(5, (k, k), strides=(s, s)) for kind in (Conv, ConvTranspose) for k, s in ((3, 1), (4, 2))
]


def name(layer):
    return f"{type(layer).__name__}-{layer.kernel_size[0]}-{layer.strides[0]}"


@pytest.mark.parametrize("layer", LAYERS, ids=name)
def test_convolutions_are_the_cpus_to_second_order_at_highest_precision(layer):
    x = jax.random.normal(KEY, (2, 9, 9, 4))
    params = layer.init(jax.random.key(1), x)

    def penalty(params, x):
        gradient = jax.grad(lambda x: jnp.sin(layer.apply(params, x)).sum())(x)
        return (gradient**2).sum()

    def all_orders(params, x):
        return layer.apply(params, x), penalty(params, x), jax.grad(penalty)(params, x)

    with jax.default_matmul_precision("highest"):
        found = jax.jit(all_orders)(params, x)
    cpu = jax.devices("cpu")[0]
    with jax.default_device(cpu):
        expected = jax.jit(all_orders)(*jax.device_put((params, x), cpu))
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 * float(np.abs(b).max()))


@pytest.mark.parametrize("method", ALGORITHMS)
def test_two_steps_of_each_method_are_finite_and_the_state_is_donated(method):
    algorithm, devices, stream = build(method), Devices(1), batches(build(method))
    state = with_frozen(devices.init(algorithm, KEY, next(stream)), algorithm)
    state = jax.device_put(state, devices.of_state(state), may_alias=False)
    step = devices.step(algorithm, state)
    for _, batch in zip(range(2), devices.put(stream, leading(algorithm)), strict=False):
        old, (state, metrics) = state, step(state, batch, KEY)
        params = [player.variables["params"] for player in old.players.values()]
        assert all(leaf.is_deleted() for leaf in jax.tree.leaves(params))
        assert not [key for key, value in metrics.items() if np.isinf(value)]
    assert int(state.step) == 2
