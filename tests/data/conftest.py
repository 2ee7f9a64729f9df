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


LABELLED = ["digits", "idx", "npz", "folder"]
TWO_DOMAINS = ["photos", "unpaired", "paired"]
ARRAYS = ["table", "series"]


@pytest.fixture
def make_data(tmp_path, coloured, write_idx) -> Callable[[str], Data]:
    """A kind of source, its files written, with every augmentation of images on."""
    images, labels = coloured
    names = {
        "digits": "digits",
        "photos": "photos",
        "idx": f"idx:{tmp_path}",
        "npz": f"npz:{tmp_path}/a.npz",
        "folder": f"folder:{tmp_path}",
        "unpaired": f"unpaired:{tmp_path}/a,{tmp_path}/b",
        "paired": f"paired:{tmp_path}/a,{tmp_path}/b",
        "masks": f"masks:{tmp_path}/a,{tmp_path}/b",
        "table": f"table:{tmp_path}/a.csv",
        "series": f"series:{tmp_path}/a.csv",
    }

    def make(kind: str) -> Data:
        if kind in ARRAYS:
            rows = np.random.default_rng(0).normal(5, 3, (40, 2))
            word = {"table": ",xyz", "series": ""}[kind]
            lines = [f"{a},{b}{word[:1]}{word[1 + i % 3 :][:1]}" for i, (a, b) in enumerate(rows)]
            names_line = "one,two,word" if word else "one,two"
            (tmp_path / "a.csv").write_text("\n".join([names_line, *lines]))
            target = "word" if word else None
            return Data(names[kind], batch_size=10, target=target, past=5, future=2)
        if kind == "idx":
            write_idx("train-images-idx3-ubyte.gz", images[..., 0])
            write_idx("train-labels-idx1-ubyte", labels.astype(np.uint8))
        elif kind == "npz":
            np.savez(tmp_path / "a.npz", images=images, labels=labels)
        elif kind == "folder":
            write_folder(tmp_path, images, labels)
        elif kind in ("unpaired", "paired", "masks"):
            count = 17 if kind == "unpaired" else 23
            write_folder(tmp_path / "a", images, labels)
            others = images[..., 0] // 64 if kind == "masks" else 255 - images[:count]
            write_folder(tmp_path / "b", others, labels[:count])
        return Data(names[kind], image_size=8, batch_size=10, crop=3, flip=True, jitter=0.4)

    return make


@pytest.fixture(params=LABELLED)
def any_data(request, make_data) -> Data:
    """Every kind of source of images with labels that needs no files from elsewhere."""
    return make_data(request.param)


@pytest.fixture(params=[*LABELLED, *TWO_DOMAINS, "masks", *ARRAYS])
def every_data(request, make_data) -> Data:
    """Every kind of source that needs no files from elsewhere."""
    return make_data(request.param)
