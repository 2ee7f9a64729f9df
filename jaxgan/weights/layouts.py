"""Converts named tensors from files of weights to variables of the feature networks.

All tensors are checked, so the file of another net is refused as a whole.
"""

from collections.abc import Callable, Collection
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict

from jaxgan.errors import InputError
from jaxgan.nets import VGG, Inception, SqueezeNet
from jaxgan.nets.vgg import convolutions
from jaxgan.typing import Variables

State: TypeAlias = dict[str, np.ndarray]
"""Tensors by name, as in a file of weights."""

_TORCH = {"kernel": "weight", "scale": "weight", "mean": "running_mean", "var": "running_var"}


def inception_variables(state: State) -> Variables:
    """Variables of :class:`jaxgan.nets.Inception` from the names of pytorch-fid and torch-fidelity.

    Raises:
      InputError: a tensor is missing, is unknown or has another shape.
    """
    return _read(Inception(), 299, state, lambda *path: _torch(".".join(path[:-1]), path[-1]))


def squeezenet_variables(state: State) -> Variables:
    """Variables of :class:`jaxgan.nets.SqueezeNet` from names such as "fire2/squeeze1x1/w".

    Raises:
      InputError: a tensor is missing, is unknown or has another shape.
    """
    return _read(SqueezeNet(), 227, state, _caffe)


def vgg_variables(state: State, net: VGG | None = None) -> Variables:
    """Variables of ``net``, by default VGG-16, from torchvision's names or such as "conv1_1/w".

    torchvision's file may also have the layers after ``net.stop``. A file of the second kind may
    have "preproc", the scale of the images, which is left to the caller.

    Raises:
      InputError: a tensor is missing, is unknown or has another shape.
    """
    net = net or VGG()
    side = 32 if net.stop else 224
    if "conv1_1/w" in state:
        return _read(net, side, state, _caffe, {"preproc/w", "preproc/b"})
    modules = torchvision_modules(net.depth)
    later = {_torch(module, leaf) for module in modules.values() for leaf in ("kernel", "bias")}
    return _read(net, side, state, lambda layer, leaf: _torch(modules[layer], leaf), later)


def _torch(module: str, leaf: str) -> str:
    return f"{module}.{_TORCH.get(leaf, leaf)}"


def _caffe(*path: str) -> str:
    return "/".join((*path[:-1], "w" if path[-1] == "kernel" else "b"))


def torchvision_modules(depth: int) -> dict[str, str]:
    """VGG's module names in torchvision, by layer name; convolutions, ReLUs and pools count."""
    modules, place = {}, 0
    for name in convolutions(depth):
        place += name.endswith("_1") and name != "1_1"
        modules[f"conv{name}"] = f"features.{place}"
        place += 2
    return modules | {"fc1": "classifier.0", "fc2": "classifier.3", "fc3": "classifier.6"}


def _read(
    net: nn.Module,
    side: int,
    state: State,
    name_of: Callable[..., str],
    ignored: Collection[str] = (),
) -> Variables:
    """The variables of ``net``; the variable at ``path`` is the tensor named ``name_of(*path)``."""
    images = jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32)
    leaves: Any = flatten_dict(jax.eval_shape(net.init, jax.random.key(0), images))
    kind = type(net).__name__
    kernels_first = sorted(leaves, key=lambda path: path[-1] != "kernel")
    names = {path: name_of(*path[1:]) for path in kernels_first}
    variables = {path: _tensor(kind, state, names[path], leaves[path].shape) for path in names}
    known = {*names.values(), *ignored}
    for name in state:
        if name not in known and not name.endswith("num_batches_tracked"):
            raise InputError(
                f"weights: {kind} knows no tensor {name}; is it the weights of another net?"
            )
    return unflatten_dict(variables)


def _tensor(kind: str, state: State, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One tensor, with its axes in linen's order: (height, width, in, out) or (in, out)."""
    order = {4: (3, 2, 0, 1), 2: (1, 0)}.get(len(shape), (0,))
    expected = tuple(shape[axis] for axis in order)
    if name not in state:
        raise InputError(
            f"weights: the file has no tensor {name}; is it the weights of another net?"
        )
    if state[name].shape != expected:
        raise InputError(
            f"weights: {name} has shape {state[name].shape}, {kind} needs {expected}; "
            "is it the weights of another net?"
        )
    return np.ascontiguousarray(state[name].transpose(np.argsort(order)), np.float32)
