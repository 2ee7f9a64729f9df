"""Files of weights as named NumPy arrays; no code in a file is ever run."""

import hashlib
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from jaxgan.errors import InputError
from jaxgan.weights.torch_file import read_torch, readable


def read_weights(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of a PyTorch state dict (``.pth``, ``.pt``), a ``.safetensors`` or ``.npz`` file.

    Raises:
      InputError: the ending is unknown, or the file does not exist or cannot be read.
    """
    path = existing(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"weights: {path} ends in none of {', '.join(_READERS)}")
    with readable(path):
        return reader(path)


def existing(path: str | Path) -> Path:
    """The path of a file that exists.

    Raises:
      InputError: it does not exist.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise InputError(f"weights: there is no file {path}: name one of {', '.join(_READERS)}")
    return path


def sha256(path: str | Path) -> str:
    """The SHA-256 hash of a file, in 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise InputError(f"weights: {path} is one array: save them by name with np.savez")
        return dict(archive)


_READERS = {
    ".pth": read_torch,
    ".pt": read_torch,
    ".safetensors": load_file,
    ".npz": _read_npz,
}
