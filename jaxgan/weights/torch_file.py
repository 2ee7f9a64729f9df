"""PyTorch's state dicts as NumPy arrays, without PyTorch and without running any code of a file.

A ``.pth`` file holds a pickle, which is a program: it may call any function of any module. This
reader knows the few names that a state dict needs, has an inert stand-in for each, and refuses all
others. There are two formats:

- since PyTorch 1.6: a zip of ``NAME/data.pkl``, one ``NAME/data/KEY`` per storage, and often
  ``NAME/byteorder``;
- before: a sequence of pickles (a magic number, the protocol version, system information, the
  object, the keys of the storages), then for each storage its number of elements (int64) and its
  bytes, always little-endian.
"""

import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BytesIO
from pathlib import Path
from pickle import Unpickler
from typing import Any, NamedTuple, TypeAlias

import ml_dtypes
import numpy as np
from numpy.lib.stride_tricks import as_strided

from jaxgan.errors import InputError, first_line

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_DTYPES = {
    "BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "BoolStorage": np.dtype(np.bool_),
    "ByteStorage": np.dtype(np.uint8),
    "CharStorage": np.dtype(np.int8),
    "DoubleStorage": np.dtype(np.float64),
    "FloatStorage": np.dtype(np.float32),
    "HalfStorage": np.dtype(np.float16),
    "IntStorage": np.dtype(np.int32),
    "LongStorage": np.dtype(np.int64),
    "ShortStorage": np.dtype(np.int16),
}
_TENSORS = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
_PARAMETERS = ("torch._utils._rebuild_parameter", "torch.nn.parameter.Parameter")

_Storages: TypeAlias = dict[str, np.ndarray]


def read_torch(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of a PyTorch state dict; they are read-only and may share memory.

    The state dict may be the whole file, or the only state dict among the values of a dict, as in
    ``{"epoch": 3, "model": {...}}``.

    Raises:
      InputError: the file asks for something other than tensors, is damaged or cut short, is
        TorchScript, or holds no state dict or several.
    """
    path = Path(path)
    with readable(path), path.open("rb") as file:
        zipped = file.read(4) == b"PK\3\4"
        file.seek(0)
        saved, storages = _from_zip(file, path) if zipped else _from_stream(file, path)
        found = _state_dict(saved, path)
        return {name: _array(name, tensor, storages) for name, tensor in found.items()}


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns any error while reading a file of weights into one line.

    Raises:
      InputError: for every exception raised inside; an ``InputError`` passes unchanged.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # A damaged file can fail in any way.
        reason = first_line(error)
        raise InputError(
            f"weights: cannot read {path} ({reason}): is it cut short or damaged? fetch it again"
        ) from None


def read_storage(content: bytes, path: Path) -> np.ndarray:
    """The elements of a storage that was pickled separately, as part of another pickle.

    Args:
      content: a file of the second format that holds one storage.
      path: the file that contains it, for errors.

    Raises:
      InputError: it asks for something other than a storage.
      Exception: it is damaged; see :func:`readable`.
    """
    saved, storages = _from_stream(BytesIO(content), path)
    if not isinstance(saved, _Storage):
        raise ValueError("a storage is a pickle of something else")
    return storages[saved.key][saved.start :]


def view(
    name: str, elements: np.ndarray, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
) -> np.ndarray:
    """A tensor of a storage, read-only, after a check that it lies inside.

    Args:
      name: name of the tensor, for errors.
      elements: the storage.
      offset: index of its first element.
      size: its shape.
      stride: number of elements from one entry to the next along each axis.

    Raises:
      ValueError: it does not lie inside.
    """
    if min(offset, *size, *stride, 0) < 0:
        raise ValueError(f"{name} has a negative size, stride or offset")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if 0 in size:
        return np.empty(size, elements.dtype)
    if last >= len(elements):
        raise ValueError(f"{name} reaches beyond its storage")
    strides = [step * elements.itemsize for step in stride]
    return as_strided(elements[offset:], size, strides, writeable=False)


def shown(text: str) -> str:
    """A string from a file, escaped and shortened for an error message."""
    return repr(text)[1:-1][:80]


class _Storage(NamedTuple):
    """A block of memory that holds tensors; a view of one begins at ``start``."""

    key: str
    start: int


class _Tensor(NamedTuple):
    """The position of a tensor in a file, in elements of its storage."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    def __setstate__(self, state: object) -> None:
        """Drops an old file's attributes of a parameter: whether it has a gradient, and hooks."""


class _Mapping(dict):
    """Stand-in for ``collections.OrderedDict``."""

    def __setstate__(self, state: object) -> None:
        """Drops a state dict's attributes: the versions of its modules."""


class _Reader(Unpickler):
    """An unpickler that imports nothing and gives a file nothing that it could modify.

    A file may set attributes on the objects that it gets. So each function is created anew, and
    ``__setstate__`` protects even ``_Mapping`` itself.
    """

    def __init__(self, file: BufferedIOBase, path: Path) -> None:
        super().__init__(file)
        self.path = path
        self.storages: dict[str, tuple[np.dtype, int]] = {}

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for ``module.name``."""
        wanted = f"{module}.{name}"
        if wanted == "collections.OrderedDict":
            return _Mapping
        if module == "torch" and name in _DTYPES:
            return name
        if wanted in _TENSORS:
            return lambda *args: _Tensor(*args[:4])
        if wanted in _PARAMETERS:
            return lambda data, *_: data
        raise InputError(
            f"weights: {self.path} asks for {shown(wanted)}: "
            "it is not a state dict; nothing of it was run"
        )

    def persistent_load(self, pid: Any) -> _Storage:
        """Records a storage of the file: ``("storage", type, key, device, numel[, view])``."""
        _, kind, key, _, numel, *view = pid
        found = (_DTYPES[kind], numel)
        if self.storages.setdefault(key, found) != found:
            raise ValueError(f"storage {key} has two types or sizes")
        return _Storage(key, view[0][1] if view and view[0] else 0)


def _from_zip(file: BufferedIOBase, path: Path) -> tuple[Any, _Storages]:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if any("/code/" in name or name.endswith("/constants.pkl") for name in names):
            raise InputError(
                f"weights: {path} is TorchScript, which holds code: give the state dict instead, "
                "as pt_inception-2015-12-05-6726825d.pth or vgg16-397923af.pth"
            )
        roots = [name.removesuffix("data.pkl") for name in names if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise InputError(f"weights: {path} is a zip, but not one that PyTorch wrote")
        reader = _Reader(BytesIO(archive.read(f"{roots[0]}data.pkl")), path)
        saved = reader.load()
        order = f"{roots[0]}byteorder"
        order = archive.read(order).decode() if order in names else "little"
        storages = {}
        for key, (dtype, numel) in reader.storages.items():
            content = archive.read(f"{roots[0]}data/{key}")
            storages[key] = _elements(content, key, dtype, numel, order)
    return saved, storages


def _from_stream(file: BufferedIOBase, path: Path) -> tuple[Any, _Storages]:
    if _Reader(file, path).load() != _MAGIC or _Reader(file, path).load() != _PROTOCOL:
        raise InputError(f"weights: {path} is a pickle, but not one that PyTorch wrote")
    _Reader(file, path).load()
    reader = _Reader(file, path)
    saved = reader.load()
    storages = {}
    for key in _Reader(file, path).load():
        dtype, numel = reader.storages[key]
        if int.from_bytes(file.read(8), "little") != numel:
            raise ValueError(f"storage {key} is not of {numel} elements")
        content = file.read(numel * dtype.itemsize)
        storages[key] = _elements(content, key, dtype, numel, "little")
    return saved, storages


def _elements(content: bytes, key: str, dtype: np.dtype, numel: int, order: str) -> np.ndarray:
    """The ``numel`` elements of a storage, in this machine's byte order."""
    if len(content) != numel * dtype.itemsize:
        raise ValueError(f"storage {key} has {len(content)} bytes, not {numel * dtype.itemsize}")
    elements = np.frombuffer(content, dtype)
    return elements if order == sys.byteorder else elements.byteswap()


def _array(name: str, tensor: _Tensor, storages: _Storages) -> np.ndarray:
    storage = tensor.storage
    if storage.start < 0:
        raise ValueError(f"{name} has a negative size, stride or offset")
    elements = storages[storage.key][storage.start :]
    return view(name, elements, tensor.offset, tensor.size, tensor.stride)


def _state_dict(saved: Any, path: Path) -> dict[str, _Tensor]:
    """The state dict in a file: the object itself, or the only one among a dict's values."""
    if _is_state_dict(saved):
        return saved
    values = saved if isinstance(saved, dict) else {type(saved).__name__.strip("_"): saved}
    found = {str(key): value for key, value in values.items() if _is_state_dict(value)}
    loose = any(isinstance(value, _Tensor) for value in values.values())
    if len(found) == 1 and not loose:
        return next(iter(found.values()))
    what = "several state dicts" if len(found) > 1 else "no state dict"
    among = ", ".join(map(str, found or values)) or "empty"
    raise InputError(
        f"weights: {path} holds {what} ({shown(among)}): save one dict of names and tensors alone"
    )


def _is_state_dict(saved: Any) -> bool:
    return (
        isinstance(saved, dict)
        and len(saved) > 0
        and all(isinstance(k, str) and isinstance(v, _Tensor) for k, v in saved.items())
    )
