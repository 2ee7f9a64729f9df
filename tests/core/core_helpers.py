"""Players that are one number each, and losses whose gradients are known."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.core import Algorithm, Aux, Player, TrainState
from jaxgan.core.sharding import AXIS

SGD = optax.sgd(0.1)
KEY = jax.random.key(0)


def state_of(average=True, **values):
    players = {
        name: Player.create({"params": {"w": jnp.asarray(value)}}, SGD, average)
        for name, value in values.items()
    }
    return TrainState.create(players)


def weight(state, name="a"):
    return np.asarray(state.players[name].variables["params"]["w"])


def squared(name):
    """The mean over the batch of (w - x)^2 / 2: its gradient is w - mean(x)."""

    def loss(given, batch, key):
        return 0.5 * jnp.square(given.variables[name]["params"]["w"] - batch["x"]).mean(), Aux()

    return loss


def product(given, batch, key):
    return given.variables["a"]["params"]["w"] * given.variables["b"]["params"]["w"], Aux()


def batch_of(*values):
    return {"x": jnp.asarray(values, jnp.float32)}


def method(step, init=None):
    return Algorithm(init, step, functions={})


def on_devices(update, n=2):
    """``update`` as a program of its own for each of ``n`` devices, which share the rows."""

    def call(state, batch, key):
        batch = jax.tree.map(lambda x: x.reshape(n, -1, *x.shape[1:]), batch)
        devices, axes = jax.devices()[:n], (None, 0, None)
        mapped = jax.pmap(update, AXIS, in_axes=axes, out_axes=None, devices=devices)
        return mapped(state, batch, key)

    return call
