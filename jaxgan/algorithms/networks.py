"""How algorithms touch networks: made to measure, initialised and applied."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from jaxgan.core import Player, Spec, TrainState
from jaxgan.typing import PRNGKey, Variables

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
    net: nn.Module, variables: Variables, *inputs: Any, train: bool = True
) -> tuple[Any, Variables]:
    """``(outputs, variables)``: with new BatchNorm and spectral statistics where ``train``."""
    if not train:
        return net.apply(variables, *inputs, train=False), variables
    mutable = [name for name in variables if name != "params"]
    outputs, new = net.apply(variables, *inputs, train=True, mutable=mutable)
    return outputs, {**variables, **new}


def create_state(
    key: PRNGKey,
    nets: Mapping[str, tuple[nn.Module, tuple[Any, ...]]],
    tx: Mapping[str, optax.GradientTransformation],
    averaged: tuple[str, ...] = (),
) -> TrainState:
    """The state at step 0 of players given as ``name: (net, example inputs)``."""
    players = {}
    for i, (name, (net, inputs)) in enumerate(nets.items()):
        variables: Any = net.init(jax.random.fold_in(key, i), *inputs, train=True)
        players[name] = Player.create(variables, tx[name], ema=name in averaged)
    return TrainState.create(players)
