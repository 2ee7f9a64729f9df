"""Features, and a batch over four devices."""

import jax
import numpy as np

from jaxgan.system.devices import Devices


def mixed(n, size, seed, relu=True):
    """Correlated features, ReLU's or not."""
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(99).standard_normal((size, size)) / np.sqrt(size)
    x = rng.standard_normal((n, size)) @ mix + 0.3
    return (np.maximum(x, 0) if relu else x).astype(np.float32)


def over_devices(start, *batches):
    """``start`` updated by each batch, split over the test's four devices."""
    devices = Devices()
    assert devices.mesh.size == 4
    update = devices.jit(lambda state, *batch: state.update(*batch))
    state = jax.device_put(start, devices.replicated)
    for batch in batches:
        state = update(state, *devices.place(batch, 0))
    return state


def on_one(start, *batches):
    """``start`` updated by each batch on one device, one by one."""
    update = jax.jit(lambda state, *batch: state.update(*batch))
    for batch in batches:
        start = update(start, *batch)
    return start
