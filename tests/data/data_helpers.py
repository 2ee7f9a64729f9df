"""What several tests of the data need."""

from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from jaxgan.data import Data
from jaxgan.data.dataset import Dataset, dataset_of, open_dataset
from jaxgan.data.examples import Source, as_domain, from_images
from jaxgan.data.pipeline import batches


def write_folder(root: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """PNG files, in a subfolder a class, whose sorted order is that of the arrays."""
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = root / f"class{label}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{i:03}.png")


def dataset(data: Data, source: Source | dict[str, Source] | None = None) -> Dataset:
    """The data set of ``data``, or of sources at hand."""
    if source is None:
        return open_dataset(data)
    return dataset_of(data, {"": source} if isinstance(source, Source) else source)


def shape_of(data: Data, source: Source | None = None, name: str = "image") -> tuple[int, ...]:
    """The shape of a feature in the batches."""
    return dataset(data, source).features[name].shape


def take(
    data: Data, count: int, source: Source | dict[str, Source] | None = None, **options
) -> list[dict]:
    """The first ``count`` steps of a source."""
    options.setdefault("seed", 1)
    return list(islice(batches(dataset(data, source), **options), count))


def indexed(size: int) -> Source:
    """A source whose images are one pixel and whose label i is i, to see the order."""
    return from_images("indexed", np.zeros((size, 1, 1, 1), np.uint8), np.arange(size))


def numbered(size: int) -> Source:
    """A source whose image i is one pixel of value i, to see the order without labels."""
    return from_images("numbered", np.arange(size, dtype=np.uint8).reshape(-1, 1, 1, 1))


def domains(a: Source, b: Source) -> dict[str, Source]:
    """Two streams of images."""
    return {"a": as_domain(a, "a"), "b": as_domain(b, "b")}


def assert_same(a: list[dict], b: list[dict]) -> None:
    """The same batches, to the bit."""
    assert len(a) == len(b) > 0
    for one, other in zip(a, b, strict=True):
        assert one.keys() == other.keys() != set()
        for name in one:
            assert one[name].dtype == other[name].dtype
            np.testing.assert_array_equal(one[name], other[name])
