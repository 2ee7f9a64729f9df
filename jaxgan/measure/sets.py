"""Image sets to measure: from a source, unchanged or as a run sees them, or drawn."""

import collections
import hashlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from jaxgan.data.config import Data
from jaxgan.data.examples import Pixels, Source, UnreadableImageError
from jaxgan.data.images.resize import CENTRE, crop, fit, to_channels
from jaxgan.data.sources.folder import find_files
from jaxgan.data.sources.opening import open_streams
from jaxgan.errors import InputError
from jaxgan.measure.generated import CHUNK, ChunkSampler
from jaxgan.system.devices import Devices
from jaxgan.typing import Variables

_AHEAD = 4 * CHUNK
"""Number of images that are decoded ahead."""

Indexed: TypeAlias = tuple[int, Pixels]
"""Place of an image in the set, and the image."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images 0 to ``size - 1``, with 8 bits and 1 or 3 channels."""

    name: str
    """The name that the user gave."""
    size: int
    images: Callable[[Iterable[int]], Iterator[Indexed]]
    """Function from places to the readable images there, in order."""
    digest: Callable[[], str | None] = lambda: None
    """Function that returns the SHA-256 of everything that determines the images; None: unknown."""
    unreadable: dict[int, str] = field(default_factory=dict)
    """Errors of the images that this process could not read so far, by place."""
    notes: tuple[str, ...] = ()
    """Messages for the user about the files."""

    def of_process(self, process: int = 0, processes: int = 1) -> Iterator[Indexed]:
        """The images for one of several processes: process p takes chunks p, p + processes, ..."""
        chunks = range(process * CHUNK, self.size, processes * CHUNK)
        return self.images(
            i for start in chunks for i in range(start, min(start + CHUNK, self.size))
        )

    def missing(self, process: int = 0, processes: int = 1) -> int:
        """The number of unreadable images among those of one of several processes.

        A process may also have read others: the first images, for their shape.
        """
        return sum(i // CHUNK % processes == process for i in self.unreadable)


def as_they_are(data: Data, n: int | None = None, seed: int = 0, field: str = "images") -> ImageSet:
    """The images of a source at their own sizes, with transparency composited over white.

    Args:
      data: gives the source, the split and the TFDS folder; its other fields are ignored.
      n: number of images, drawn by the seed without replacement; None: all.
      seed: seed of that choice.
      field: field that named the source, for messages.

    Raises:
      InputError: the source does not exist, or it has fewer images.
    """
    source = _opened(data, field)
    size = len(source) if n is None else n
    if size > len(source):
        raise InputError(f"n: {n} images of {data.source}, which has {len(source)}: use fewer")
    places = np.sort(np.random.default_rng(seed).permutation(len(source))[:size])

    def opaque(image: Pixels) -> Pixels:
        return to_channels(image, 3) if image.shape[-1] == 4 else image

    return _of_source(source, data, opaque, places, "as they are")


def as_trained_on(data: Data, shape: tuple[int, ...], field: str = "reference") -> ImageSet:
    """All images of a source as a run sees them, without augmentation: resized and centre-cropped.

    Args:
      data: gives the source, the split, the TFDS folder and ``crop``; its other fields are ignored.
      shape: (height, width, channels) of the run's images.
      field: field that named the source, for messages.

    Raises:
      InputError: the source does not exist.
    """
    source = _opened(data, field)
    size, channels = shape[0], shape[-1]

    def seen(image: Pixels) -> Pixels:
        fitted = fit(to_channels(image, channels), size + data.crop)
        return crop(fitted, size, CENTRE, CENTRE)

    how = f"{size} px, {channels} channels" + (f", crop {data.crop}" if data.crop else "")
    return _of_source(source, data, seen, np.arange(len(source)), how)


def drawn(sampler: ChunkSampler, weights: Mapping[str, Variables], n: int, name: str) -> ImageSet:
    """``n`` images from a chunk sampler: those that ``python -m jaxgan.sample`` writes.

    The sampler compiles once for all its sets.
    """
    everywhere = Devices(local=True).everywhere(dict(weights))

    def images(places: Iterable[int]) -> Iterator[Indexed]:
        for chunk, some in itertools.groupby(places, lambda i: i // CHUNK):
            batch = sampler(everywhere, chunk)
            yield from ((i, batch[i % CHUNK]) for i in some)

    return ImageSet(name, n, images)


def source_name(name: str) -> str:
    """``folder:PATH`` for the path of a folder; otherwise the name, as in ``data.source``."""
    path = Path(name).expanduser()
    return f"folder:{name}" if path.is_dir() or (":" not in name and path.parts[1:]) else name


def _opened(data: Data, field: str) -> Source:
    try:
        streams = open_streams(replace(data, source=source_name(data.source)))
    except InputError as error:
        raise InputError(str(error).replace("data.source", field)) from None
    features = {name: f for source in streams.values() for name, f in source.features.items()}
    images = [name for name, feature in features.items() if feature.kind == "image"]
    if images != ["image"]:
        held = f"images {' and '.join(images)}" if images else "no images"
        raise InputError(f"{field}: {data.source} holds {held}; name one set of images")
    return next(iter(streams.values()))


def _of_source(
    source: Source, data: Data, convert: Callable[[Pixels], Pixels], places: np.ndarray, how: str
) -> ImageSet:
    """The images of a source at some places, converted and decoded ahead by several threads."""
    unreadable: dict[int, str] = {}

    def load(i: int) -> tuple[int, Pixels | None]:
        try:
            return i, convert(source.example(int(places[i]))["image"])
        except UnreadableImageError as error:
            unreadable[i] = str(error)
            return i, None

    def images(wanted: Iterable[int]) -> Iterator[Indexed]:
        threads = ThreadPoolExecutor(os.cpu_count())
        try:
            for i, image in _ahead(threads, load, iter(wanted)):
                if image is not None:
                    yield i, image
        finally:
            threads.shutdown(cancel_futures=True)

    def digest() -> str:
        content = hashlib.sha256(how.encode() + places.tobytes())
        for part in _content(source, data, images, len(places)):
            content.update(part)
        return content.hexdigest()

    name = data.source if data.split == "train" else f"{data.source} {data.split}"
    return ImageSet(name, len(places), images, digest, unreadable, source.notes)


def _ahead(threads: ThreadPoolExecutor, load: Callable, wanted: Iterator[int]) -> Iterator:
    """``load`` of each item, in order, with some loaded ahead."""
    pending = collections.deque(threads.submit(load, i) for i in itertools.islice(wanted, _AHEAD))
    while pending:
        yield pending.popleft().result()
        pending.extend(threads.submit(load, i) for i in itertools.islice(wanted, 1))


def _content(
    source: Source, data: Data, images: Callable[[Iterable[int]], Iterator[Indexed]], n: int
) -> Iterator[bytes]:
    """The content that determines the images: arrays, the bytes of files, or else all pixels."""
    kind, _, path = source_name(data.source).partition(":")
    if source.arrays is not None:
        yield str(source.arrays["image"].shape).encode()
        yield source.arrays["image"].tobytes()
    elif kind == "folder":
        root = Path(path).expanduser()
        for file in find_files(root).images:
            yield (root / file).read_bytes()
    else:
        for _, image in images(range(n)):
            yield f"{image.shape}".encode() + image.tobytes()
