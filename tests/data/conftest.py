"""Small data sets on the disk, one of each kind."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data_helpers import write_folder

from jaxgan.data import Data


@pytest.fixture
def real(shared: Path) -> Callable[[str], Path]:
    """The path of a real data set that isn't part of the repository, or a skipped test."""

    def find(name: str) -> Path:
        if not (shared / name).exists():
            pytest.skip(f"there is no {name} beside the checkout")
        return shared / name

    return find


@pytest.fixture
def write_idx(tmp_path: Path) -> Callable[..., Path]:
    """Writes an array as an idx file, gzipped if its name says so."""

    def write(name: str, array: np.ndarray) -> Path:
        header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        content = header + array.tobytes()
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


@pytest.fixture
def coloured() -> tuple[np.ndarray, np.ndarray]:
    """23 random images of 9 x 12 pixels in 3 classes."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (23, 9, 12, 3), dtype=np.uint8), np.arange(23) % 3


@pytest.fixture(params=["digits", "idx", "npz", "folder"])
def any_data(request, tmp_path, coloured, write_idx) -> Data:
    """Every kind of source that needs no files from elsewhere, with every augmentation on."""
    images, labels = coloured
    names = {
        "digits": "digits",
        "idx": f"idx:{tmp_path}",
        "npz": f"npz:{tmp_path}/a.npz",
        "folder": f"folder:{tmp_path}",
    }
    if request.param == "idx":
        write_idx("train-images-idx3-ubyte.gz", images[..., 0])
        write_idx("train-labels-idx1-ubyte", labels.astype(np.uint8))
    elif request.param == "npz":
        np.savez(tmp_path / "a.npz", images=images, labels=labels)
    elif request.param == "folder":
        write_folder(tmp_path, images, labels)
    return Data(
        source=names[request.param], image_size=8, batch_size=10, crop=3, flip=True, jitter=0.4
    )
