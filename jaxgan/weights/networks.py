"""Networks that NVIDIA's researchers published, as named arrays and fields.

Their files (``stylegan2-ada-pytorch`` and its successors) are pickles of ``{"G", "D", "G_ema"}``.
To load a network normally, a function runs source code from the file, which defines the object's
class (``torch_utils.persistence``). Nothing of that is run here. Only the object's ``state`` is
read, which holds the attributes, the tensors and the inner modules.
"""

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxgan.errors import InputError
from jaxgan.weights.pickled import Call, read_pickle
from jaxgan.weights.torch_file import read_storage, readable, shown, view

DEPTH = 8
"""Largest nesting depth of modules."""
NETWORKS = ("G", "D", "G_ema")
"""Names of the networks in a file."""
COUNT = 10_000
"""Largest number of modules in a network."""
_OBJECT = "torch_utils.persistence._reconstruct_persistent_obj"
_STORAGE = "torch.storage._load_from_bytes"
_TENSORS = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
_PARAMETERS = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")


class NetworkFile(NamedTuple):
    """One network of a file."""

    name: str
    """Name in the file, such as "G_ema"."""
    arrays: dict[str, np.ndarray]
    """Parameters and buffers, by their names in the file, such as "synthesis.b4.const"."""
    fields: dict[str, Any]
    """Attributes of the modules that are numbers, strings or None, such as "mapping.w_dim"."""

    def array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """The array with that name and shape.

        Raises:
          InputError: it does not exist, or it has another shape.
        """
        if name not in self.arrays:
            raise InputError(
                f"weights: {self.name} has no array {name}; is it another architecture than"
                " StyleGAN2's?"
            )
        found = self.arrays[name]
        if found.shape != shape:
            raise InputError(
                f"weights: {self.name}.{name} has shape {found.shape}, and the network needs"
                f" {shape}; is it another architecture than StyleGAN2's?"
            )
        return found

    def field(self, name: str, *kinds: type) -> Any:
        """An attribute that has one of those types; a bool does not count as an int.

        Raises:
          InputError: it does not exist, or it has another type.
        """
        found = self.fields.get(name, self)
        if type(found) not in kinds:
            words = " or ".join(kind.__name__ for kind in kinds)
            raise InputError(
                f"weights: {self.name} has no attribute {name} that is of type {words}; is it"
                " another architecture than StyleGAN2's?"
            )
        return found


def read_networks(path: str | Path, *names: str) -> dict[str, NetworkFile]:
    """The networks in a file, by name: "G", "D" and "G_ema", or some of them.

    Args:
      path: the file.
      *names: networks to read; none: all in the file.

    Raises:
      InputError: the file does not exist, is damaged, or holds no networks of this kind.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise InputError(f"weights: there is no file {path}")
    wanted = names or NETWORKS
    with readable(path):
        saved = _saved(path)
        tensors = _Tensors(path)
        found = {}
        for name, value in _entries(saved) if isinstance(saved, dict) else ():
            if isinstance(value, Call) and value.function == _OBJECT and name in wanted:
                found[name] = NetworkFile(name, {}, {})
                for place, module in _modules(value, name):
                    _read(module, place, found[name], tensors)
    missing = [name for name in names if name not in found]
    if missing or not found:
        raise InputError(
            f"weights: {path} holds none of the networks {', '.join(missing or wanted)}; give a"
            " pickle of stylegan2-ada-pytorch, such as ffhq.pkl"
        )
    return found


def _saved(path: Path) -> Any:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return read_pickle(content, str(path))


class _Tensors:
    """Reads the tensors of a file; those that share a storage also share it here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.storages: dict[int, np.ndarray] = {}

    def __call__(self, name: str, value: Any) -> np.ndarray:
        """The tensor or parameter called ``name``."""
        while isinstance(value, Call) and value.function in _PARAMETERS:
            value = value.args[0]
        if not isinstance(value, Call) or value.function not in _TENSORS:
            raise InputError(f"weights: {shown(name)} of {self.path} is no tensor")
        storage, offset, size, stride = value.args[:4]
        if id(storage) not in self.storages:
            if not isinstance(storage, Call) or storage.function != _STORAGE:
                raise InputError(f"weights: {shown(name)} of {self.path} lies in no storage")
            self.storages[id(storage)] = read_storage(storage.args[0], self.path)
        return view(name, self.storages[id(storage)], offset, size, stride)


def _modules(call: Call, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The states of a module and of all modules inside it, by their path from the network."""
    waiting, seen = [("", call)], 0
    while waiting:
        place, module = waiting.pop()
        seen += 1
        if seen > COUNT:
            raise ValueError(f"{name} has more than {COUNT} modules")
        state = _state(module, f"{name}{place}")
        yield place.removeprefix("."), state
        for key, child in _entries(state.get("_modules", {})):
            if child is None:
                continue
            if not isinstance(child, Call) or place.count(".") >= DEPTH:
                raise InputError(f"weights: {shown(name + place)}.{shown(key)} is no module")
            waiting.append((f"{place}.{key}", child))


def _state(module: Call, name: str) -> Mapping[str, Any]:
    """The attributes of a persistent object, or of one of PyTorch's own modules."""
    state = module.state
    if module.function == _OBJECT:
        meta = dict(_entries(module.args[0]))
        if meta.get("type") != "class":
            raise InputError(f"weights: {shown(name)} is no object of a class")
        state = meta["state"]
    return dict(_entries(state))


def _read(state: Mapping[str, Any], place: str, network: NetworkFile, tensors: _Tensors) -> None:
    """Adds one module's arrays and fields to a network."""
    before = f"{place}." if place else ""
    for kind in ("_parameters", "_buffers"):
        for key, value in _entries(state.get(kind, {})):
            if value is not None:
                name = f"{before}{key}"
                network.arrays[name] = tensors(f"{network.name}.{name}", value)
    for key, value in state.items():
        if value is None or isinstance(value, (bool, int, float, str)):
            network.fields[f"{before}{key}"] = value


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Items of a dict, or of a record in place of one, whose keys must be strings."""
    items = value.items if isinstance(value, Call) else value
    if not isinstance(items, dict) or not all(isinstance(key, str) for key in items):
        raise ValueError("a dict of names is missing")
    yield from items.items()
