"""How algorithms touch networks: made to measure, initialised and applied."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from jaxgan.core import Player, Spec, TrainState
from jaxgan.typing import Image, PRNGKey, Variables

ComputeDtype = Literal["float32", "bfloat16"]


def fit(net: nn.Module, spec: Spec, dtype: ComputeDtype, num_classes: int = 0) -> nn.Module:
    """``net`` with its derived fields set: the image shape, the classes, the computation's dtype.

    A net of your own needs only those of the fields that it uses.
    """
    derived = {
        "image_shape": spec.image_shape,
        "num_classes": num_classes,
        "dtype": jnp.dtype(dtype),
    }
    names = {field.name for field in dataclasses.fields(net)}
    return net.clone(**{name: value for name, value in derived.items() if name in names})


def forward(
    net: nn.Module,
    variables: Variables,
    *inputs: Any,
    train: bool = True,
    key: PRNGKey | None = None,
) -> tuple[Any, Variables]:
    """``(outputs, variables)``: with new BatchNorm and spectral statistics where ``train``.

    ``key`` is for dropout, in nets that have it.
    """
    if not train:
        return net.apply(variables, *inputs, train=False), variables
    mutable = [name for name in variables if name != "params"]
    rngs = {} if key is None else {"dropout": key}
    outputs, new = net.apply(variables, *inputs, train=True, mutable=mutable, rngs=rngs)
    return outputs, {**variables, **new}


def together(
    net: nn.Module, variables: Variables, *batches: Image, key: PRNGKey | None = None
) -> tuple[list[Any], Variables]:
    """The net's outputs of several batches, by one forward unless a batch norm would mix them.

    The examples are interleaved, so that every device keeps its own.
    """
    if len(batches) == 1 or getattr(net, "norm", None) == "batch":
        outputs = []
        for i, images in enumerate(batches):
            own = None if key is None else jax.random.fold_in(key, i)
            output, variables = forward(net, variables, images, key=own)
            outputs.append(output)
        return outputs, variables
    count, images = len(batches), jnp.stack(batches, axis=1)
    output, variables = forward(net, variables, images.reshape(-1, *images.shape[2:]), key=key)
    output = output.reshape(-1, count, *output.shape[1:])
    return [output[:, i] for i in range(count)], variables


def create_state(
    key: PRNGKey,
    nets: Mapping[str, tuple[nn.Module, tuple[Any, ...]]],
    tx: Mapping[str, optax.GradientTransformation],
    averaged: tuple[str, ...] = (),
    memory: dict[str, Any] | None = None,
) -> TrainState:
    """The state at step 0 of players given as ``name: (net, example inputs)``."""
    players = {}
    for i, (name, (net, inputs)) in enumerate(nets.items()):
        variables: Any = net.init(jax.random.fold_in(key, i), *inputs, train=True)
        players[name] = Player.create(variables, tx[name], ema=name in averaged)
    return TrainState.create(players, memory)
