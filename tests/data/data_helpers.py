"""What several tests of the data need."""

from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from jaxgan.data import Data
from jaxgan.data.examples import Source, Unpaired, from_arrays
from jaxgan.data.pipeline import batches
from jaxgan.data.sources.opening import open_source


def write_folder(root: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """PNG files, in a subfolder a class, whose sorted order is that of the arrays."""
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = root / f"class{label}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{i:03}.png")


def take(data: Data, count: int, source: Source | Unpaired | None = None, **options) -> list[dict]:
    """The first ``count`` steps of a source."""
    options.setdefault("seed", 1)
    return list(islice(batches(source or open_source(data), data, **options), count))


def indexed(size: int) -> Source:
    """A source whose images are one pixel and whose label i is i, to see the order."""
    return from_arrays("indexed", np.zeros((size, 1, 1, 1), np.uint8), np.arange(size))


def numbered(size: int) -> Source:
    """A source whose image i is one pixel of value i, to see the order without labels."""
    return from_arrays("numbered", np.arange(size, dtype=np.uint8).reshape(-1, 1, 1, 1))
