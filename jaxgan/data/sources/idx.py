"""MNIST's file format, idx, which Fashion-MNIST, KMNIST and EMNIST use too.

A file is a big-endian header ``0, 0, 8 (unsigned byte), rank, size of each axis (4 bytes)``,
followed by the bytes. It may be gzipped.
"""

import gzip
import math
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from jaxgan.data.examples import Source, from_images
from jaxgan.errors import InputError, first_line

_PREFIXES = {"train": ("train",), "test": ("t10k", "test")}


def open_idx(path: str, split: str = "train") -> Source:
    """Images of an idx3 file, with the labels of the idx1 file beside it, if there is one.

    If ``path`` is a folder, its test file is the test part of its training images.

    Args:
      path: the image file, or a folder with ``train-images-idx3-ubyte`` and the like.
      split: ``"train"`` or ``"test"``: which file of a folder.

    Raises:
      InputError: no such file, or its size does not match its header.
    """
    images = find_images(Path(path).expanduser(), split)
    source = _open(f"idx:{path}", images)
    test = _test_images(Path(path).expanduser()) if split == "train" else None
    if test is None:
        return source
    return replace(source, test=lambda: _open(f"idx:{path} test", test))


def _open(what: str, images: Path) -> Source:
    name = images.name.replace("images", "labels").replace("idx3", "idx1")
    labels = next((p for p in _either(images.with_name(name)) if p != images and p.is_file()), None)
    pixels = read_idx(images, rank=3)[..., None]
    return from_images(what, pixels, None if labels is None else read_idx(labels, rank=1))


def _test_images(path: Path) -> Path | None:
    """The file of test images in a folder; None if there is none."""
    try:
        return find_images(path, "test") if path.is_dir() else None
    except InputError:
        return None


def find_images(path: Path, split: str) -> Path:
    """The image file: ``path`` itself, or the file of a split in the folder ``path``."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError(f"data.source: there is no file or folder {path}")
    if split not in _PREFIXES:
        raise InputError(f"data.split: idx files have train and test, not {split!r}")
    for prefix in _PREFIXES[split]:
        if found := sorted(filter(Path.is_file, path.glob(f"*{prefix}-images?idx3-ubyte*"))):
            return found[0]
    raise InputError(
        f"data.source: {path} has no {_PREFIXES[split][0]}-images-idx3-ubyte or "
        f"{_PREFIXES[split][0]}-images-idx3-ubyte.gz: name the folder of MNIST's files"
    )


def read_idx(path: Path, rank: int) -> np.ndarray:
    """The array of unsigned bytes in an idx file of ``rank`` axes.

    Raises:
      InputError: the file is of another kind, or shorter or longer than its header says.
    """
    content, whole = _content(path)
    start = 4 + 4 * rank
    if content[:4] != bytes((0, 0, 8, rank)) or len(content) < start:
        raise InputError(f"data.source: {path} is no idx file of unsigned bytes with {rank} axes")
    shape = struct.unpack(f">{rank}I", content[4:start])
    expected = start + math.prod(shape)
    if not whole or len(content) != expected:
        raise InputError(
            f"data.source: {path} has {len(content)} readable bytes, and its header says "
            f"{expected}, for {shape[0]} items: it is cut short or damaged, fetch it again"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _content(path: Path) -> tuple[bytes, bool]:
    """The bytes of a file, unzipped as far as possible, and whether they are complete."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"data.source: cannot read {path}: {first_line(error)}") from None
    if raw[:2] != b"\x1f\x8b":
        return raw, True
    try:
        return gzip.decompress(raw), True
    except (EOFError, OSError, zlib.error):
        pass
    try:
        return zlib.decompressobj(wbits=31).decompress(raw), False
    except zlib.error:
        return b"", False


def _either(path: Path) -> tuple[Path, Path]:
    """The path without and with ``.gz``."""
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    return plain, plain.with_name(plain.name + ".gz")
