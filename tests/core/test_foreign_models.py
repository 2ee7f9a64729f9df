"""Models of other libraries are players: a pytree of parameters and a pure function of it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from core_helpers import KEY
from flax import nnx

from jaxgan.core import Aux, Player, TrainState, chain, ema, minimize

TX = optax.adam(0.02)
X = jax.random.normal(jax.random.key(1), (64, 3))
BATCH = {"x": X, "y": jnp.sin(X.sum(1, keepdims=True))}


def losses_of(loss, variables):
    """Of 60 steps; the average follows in its own structure."""
    state = TrainState.create({"net": Player.create(variables, TX, average=True)})
    step, losses = jax.jit(chain(minimize("net", loss, TX), ema("net", 0.9))), []
    for i in range(60):
        state, metrics = step(state.replace(step=jnp.asarray(i)), BATCH, KEY)
        losses.append(float(metrics["net_loss"]))
    return losses, state.players["net"]


def test_an_nnx_model_trains_with_its_batch_statistics():
    rngs = nnx.Rngs(0)
    net = nnx.Sequential(
        nnx.Linear(3, 32, rngs=rngs), nnx.BatchNorm(32, rngs=rngs), nnx.relu,
        nnx.Linear(32, 1, rngs=rngs),
    )  # fmt: skip
    graph, params, statistics = nnx.split(net, nnx.Param, nnx.BatchStat)

    def loss(given, batch, key):
        variables = given.variables["net"]
        model = nnx.merge(graph, variables["params"], variables["batch_stats"], copy=True)
        error = model(batch["x"]) - batch["y"]
        new = nnx.state(model, nnx.BatchStat)
        return jnp.square(error).mean(), Aux(variables={"net": {"batch_stats": new}})

    losses, player = losses_of(loss, {"params": params, "batch_stats": statistics})
    assert losses[-1] < 0.3 * losses[0]
    mean = player.variables["batch_stats"]["layers"][1]["mean"]
    assert np.abs(mean.get_value()).max() > 0
    assert np.isfinite(nnx.merge(graph, *player.averaged.values())(X)).all()


def test_an_equinox_model_trains():
    net = eqx.nn.MLP(3, 1, 32, 2, key=jax.random.key(0))
    params, static = eqx.partition(net, eqx.is_inexact_array)

    def loss(given, batch, key):
        model = eqx.combine(given.variables["net"]["params"], static)
        return jnp.square(jax.vmap(model)(batch["x"]) - batch["y"]).mean(), Aux()

    losses, player = losses_of(loss, {"params": params})
    assert losses[-1] < 0.3 * losses[0]
    model = eqx.combine(player.averaged["params"], static)
    assert jax.vmap(model)(X).shape == (64, 1)
