"""Image search by codes: an index of a folder, kept beside a run, and nearest neighbours."""

import hashlib
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int
from tqdm import tqdm

from jaxgan.data.images.decode import decode
from jaxgan.data.images.resize import to_channels
from jaxgan.errors import InputError
from jaxgan.run import files
from jaxgan.run.mapping import Mapper
from jaxgan.run.pictures import grid, letterboxed, shrunk

SHOWN, CELL = 16, 128
"""Largest number of rows of a sheet, and largest side of its images in pixels."""

Codes = Float[np.ndarray, "images numbers"]


class Found(NamedTuple):
    """The nearest images of each query, the nearest first."""

    places: Int[np.ndarray, "queries k"]
    distances: Float[np.ndarray, "queries k"]


@dataclass(frozen=True, eq=False)
class Folder:
    """The images of a folder and their codes."""

    root: Path
    files: list[Path]
    hashes: list[str]
    """SHA-256 of the bytes of each file."""
    codes: Codes
    encoded: int
    """Number of images that were encoded anew."""
    unreadable: int

    @property
    def known(self) -> dict[str, np.ndarray]:
        """Codes by image hash."""
        return dict(zip(self.hashes, self.codes, strict=True))


def index_file(run: Path, folder: Path) -> Path:
    """The index file, beside the run, for the codes of a folder's images."""
    place = folder.resolve()
    end = hashlib.sha256(str(place).encode()).hexdigest()[:8]
    return run.resolve().with_name(f"{run.resolve().name}.search") / f"{place.name}-{end}.npz"


def encode_indexed(mapper: Mapper, weights: Any, path: Path, batch: int, index: Path) -> Folder:
    """:func:`encode_folder` with an index file of known codes, which is updated.

    An image whose bytes were encoded before by the same weights is not encoded again.

    Args:
      mapper: the function that returns codes.
      weights: the run's weights.
      path: the folder.
      batch: images per call.
      index: the index file.

    Raises:
      InputError: there are no images, or the index cannot be written.
    """
    maker = _digest_of(mapper.name, weights)
    known = _read(index, maker)
    folder = encode_folder(mapper, path, "index", batch, known)
    if folder.known.keys() != known.keys():
        hashes, codes = zip(*folder.known.items(), strict=True)
        arrays = {"maker": np.array(maker), "hashes": np.array(hashes), "codes": np.stack(codes)}
        files.write_npz(index, arrays)
    return folder


def encode_folder(
    mapper: Mapper, path: Path, name: str, batch: int, known: Mapping[str, np.ndarray]
) -> Folder:
    """Codes of all images of a folder, or of one image.

    Args:
      mapper: the function that returns codes.
      path: the folder or the image.
      name: the command's option that named it, for errors.
      batch: images per call.
      known: known codes by image hash; only the other images are encoded.

    Raises:
      InputError: there are no images.
    """
    root, listed = files.find_images(path, name)
    for note in listed.notes:
        tqdm.write(note, file=sys.stderr)
    hashes = {
        file: hashlib.sha256((root / file).read_bytes()).hexdigest() for file in listed.images
    }
    new = [file for file in hashes if hashes[file] not in known]
    unreadable: list[Path] = []
    bar = tqdm(new, unit="images", disable=len(new) < 100)
    decoded = files.decoded(root, bar, unreadable)
    made = {hashes[file]: code.ravel() for file, _, code in mapper.stream(decoded, batch)}
    codes = {**known, **made}
    readable = [file for file in hashes if hashes[file] in codes]
    if not readable:
        raise InputError(f"{name}: {path} has no image that can be read")
    of_files = [hashes[file] for file in readable]
    table = np.stack([codes[digest] for digest in of_files])
    return Folder(root, readable, of_files, table, len(made), len(unreadable))


def _digest_of(function: str, weights: Any) -> str:
    """Hash of everything that codes depend on: the function's name and all weights."""
    digest = hashlib.sha256(function.encode())
    for leaf in jax.tree.leaves(weights):
        digest.update(np.asarray(leaf).tobytes())
    return digest.hexdigest()


def _read(index: Path, maker: str) -> dict[str, np.ndarray]:
    """Codes by image hash; {} if other weights made the index, or if it is missing or damaged."""
    try:
        with np.load(index, allow_pickle=False) as table:
            if str(table["maker"]) != maker:
                return {}
            return dict(zip(table["hashes"].tolist(), table["codes"], strict=True))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        tqdm.write(f"index: {index} is damaged: all images are encoded anew", file=sys.stderr)
        return {}


def nearest(folder: Folder, queries: Folder, k: int) -> Found:
    """The ``k`` images of a folder whose codes are nearest to each query, by Euclidean distance.

    A query that is itself a file of the folder does not find itself. A copy of it is found, at
    distance 0.

    Raises:
      InputError: the folder has fewer images.
    """
    from sklearn.neighbors import NearestNeighbors  # Imported late: scikit-learn is slow to import.

    paths = {(folder.root / file).resolve(): i for i, file in enumerate(folder.files)}
    own = [paths.get((queries.root / file).resolve(), -1) for file in queries.files]
    others = len(folder.files) - (max(own) >= 0)
    if not 1 <= k <= others:
        raise InputError(f"k: {k}, and there are {others} images to find; use 1 to {others}")
    asked = min(k + 1, len(folder.files))
    search = NearestNeighbors(n_neighbors=asked).fit(folder.codes)
    distances, places = search.kneighbors(queries.codes)
    kept = places != np.array(own)[:, None]
    first = np.argsort(~kept, axis=1, kind="stable")[:, :k]
    return Found(np.take_along_axis(places, first, 1), np.take_along_axis(distances, first, 1))


def write_found(out: Path, folder: Folder, queries: Folder, found: Found) -> None:
    """Writes a picture ``out`` of the first queries and their neighbours, and a CSV file of all.

    Raises:
      InputError: a file cannot be written.
    """
    rows = [
        [str(query), rank + 1, str(folder.files[place]), float(distance)]
        for query, places, distances in zip(queries.files, *found, strict=True)
        for rank, (place, distance) in enumerate(zip(places, distances, strict=True))
    ]
    files.write_csv(out.with_suffix(".csv"), ["query", "rank", "file", "distance"], rows)
    cells = []
    for query, places in list(zip(queries.files, found.places, strict=True))[:SHOWN]:
        cells += [queries.root / query, *(folder.root / folder.files[place] for place in places)]
    images = letterboxed([_cell(path) for path in cells])
    columns = 1 + found.places.shape[1]
    titles = ["query", *(str(rank + 1) for rank in range(columns - 1))]
    files.write_image(out, grid(images.reshape(-1, columns, *images.shape[1:]), titles=titles))


def _cell(path: Path) -> np.ndarray:
    """An image in RGB, shrunk if it is large, enlarged by a whole number if it is small."""
    image = shrunk(to_channels(decode(path, str(path)), 3), CELL)
    scale = max(1, CELL // 2 // max(image.shape[:2]))
    return image.repeat(scale, axis=0).repeat(scale, axis=1)
