"""Fits networks to the data and applies them."""

import dataclasses
import inspect
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.nets.checks import check_kind
from jaxgan.nets.traits import compares_batch, mixes_batch
from jaxgan.typing import Image, PRNGKey, Variables

ComputeDtype = Literal["float32", "bfloat16"]


def fit(
    net: nn.Module,
    shape: tuple[int, ...],
    dtype: ComputeDtype,
    num_classes: int = 0,
    role: str | None = None,
) -> nn.Module:
    """``net`` with its derived fields set: the shape of an example, the classes, the dtype.

    A net of your own needs only the fields that it uses.

    Args:
      net: the net.
      shape: shape of an example.
      dtype: data type of the computation.
      num_classes: number of classes; 0 without classes.
      role: the config's field that holds the net, for errors, if the net's class does not tell.

    Raises:
      InputError: the net is made for images and the examples are points, or the reverse.
    """
    net = net.clone(name=role) if role else net
    check_kind(net, shape)
    shapes = {"image_shape": shape, "point_shape": shape}
    derived = {**shapes, "num_classes": num_classes, "dtype": jnp.dtype(dtype)}
    names = {field.name for field in dataclasses.fields(net)}
    return net.clone(**{name: value for name, value in derived.items() if name in names})


def apply_net(
    net: nn.Module,
    variables: Variables,
    *inputs: Any,
    train: bool = True,
    key: PRNGKey | None = None,
    method: str | None = None,
) -> tuple[Any, Variables]:
    """Applies a net; returns ``(outputs, variables)``.

    In training mode the variables have new BatchNorm and spectral statistics.

    Args:
      net: the network.
      variables: its variables.
      *inputs: positional arguments.
      train: training mode; passed on if the method has an argument ``train``.
      key: for dropout, noise and any other random numbers of the network.
      method: the name of the method to call, ``__call__`` by default.
    """
    known = inspect.signature(getattr(type(net), method or "__call__")).parameters
    modes = {"train": train} if "train" in known else {}
    rngs = {} if key is None else {"params": key}  # linen uses it for every other stream too
    if not train:
        return net.apply(variables, *inputs, rngs=rngs, method=method, **modes), variables
    mutable = [name for name in variables if name != "params"]
    outputs, new = net.apply(variables, *inputs, mutable=mutable, rngs=rngs, method=method, **modes)
    return outputs, {**variables, **new}


def features(
    net: nn.Module,
    variables: Variables,
    images: Image,
    key: PRNGKey | None = None,
    train: bool = True,
) -> Float[Array, "batch features"]:
    """The last hidden features that a discriminator sows, by default in training mode."""
    rngs = {} if key is None else {"params": key}
    mutable = ["intermediates", *(name for name in variables if name != "params" and train)]
    new: Any = net.apply(variables, images, train=train, mutable=mutable, rngs=rngs)[1]
    return new["intermediates"]["features"][0]


def together(
    net: nn.Module, variables: Variables, *batches: Image, key: PRNGKey | None = None
) -> tuple[list[Any], Variables]:
    """The net's outputs for several batches, in one forward pass unless a layer mixes examples.

    The batches are interleaved, so that each device keeps its own examples.
    """
    if len(batches) == 1 or mixes_batch(net) or compares_batch(net):
        outputs = []
        for i, images in enumerate(batches):
            own = None if key is None else jax.random.fold_in(key, i)
            output, variables = apply_net(net, variables, images, key=own)
            outputs.append(output)
        return outputs, variables
    count, images = len(batches), jnp.stack(batches, axis=1)
    output, variables = apply_net(net, variables, images.reshape(-1, *images.shape[2:]), key=key)
    output = output.reshape(-1, count, *output.shape[1:])
    return [output[:, i] for i in range(count)], variables
