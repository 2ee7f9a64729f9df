"""Applies a run's function to files: images, tables or series in; images, CSV or .npz out."""

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from jaxgan.data.images.decode import size_of
from jaxgan.data.images.resize import to_channels
from jaxgan.data.sources.series import Series, read_series
from jaxgan.data.sources.table import read_rows
from jaxgan.errors import InputError
from jaxgan.ops.palette import PALETTE
from jaxgan.run import files
from jaxgan.run.mapping import Mapper
from jaxgan.run.opened import Opened
from jaxgan.run.pictures import grid, letterboxed, shrunk

SHEET = "sheet.png"

ROWS, CELL = 16, 256
"""Largest number of rows of a sheet, and largest side of its images in pixels."""


@dataclass
class Applied:
    """Number of inputs, and of those that could not be read."""

    inputs: int
    unreadable: int = 0


def apply_to_files(
    opened: Opened, mapper: Mapper, source: Path, out: Path, batch: int, sheet: bool = False
) -> Applied:
    """Applies a function to a folder of images, an image or a CSV file, and writes its outputs.

    Args:
      opened: the run.
      mapper: one of its functions.
      source: a folder or an image. For a function of table rows or of a series, a CSV file. For a
        function of codes, an .npz file that a function with codes as its output has written.
      out: for images or masks, a folder, or a PNG file if the input is a single image. For labels
        or numbers, a CSV file. For vectors, an .npz file with ``vectors`` and their ``files``.
      batch: images of one size per call of the function.
      sheet: also writes :data:`SHEET`, the first images beside their outputs.

    Raises:
      InputError: a file cannot be read or written, or is the wrong kind for the function.
    """
    kind = mapper.function.gives.kind
    if mapper.function.takes[0] in mapper.function.features:
        return _apply_to_vectors(mapper, source, out)
    if mapper.feature.kind == "array":
        return _apply_to_rows(opened, mapper, source, out)
    root, listed = files.find_images(source)
    for note in listed.notes:
        _say(note)
    found = listed.images
    if kind in ("image", "mask"):
        return _write_images(mapper, source, found, out, batch, sheet)
    if sheet:
        raise InputError(f"sheet: {mapper.name} gives no images; leave it out")
    vectors = kind == "array" and mapper.function.gives.shape != ()
    files.check_file(out, *((".npz", "vectors") if vectors else (".csv", "labels or scores")))
    unreadable: list[Path] = []
    outputs = {str(file): y for file, _, y in _outputs(mapper, root, found, batch, unreadable)}
    names = [str(file) for file in found if str(file) in outputs]
    values = np.array([outputs[name] for name in names])
    if vectors:
        files.write_npz(out, {"files": np.array(names, str), "vectors": values})
    else:
        header, rows = _columns(opened, mapper, values)
        lines = ([name, *row] for name, row in zip(names, rows, strict=True))
        files.write_csv(out, ["file", *header], lines)
    return Applied(len(found), len(unreadable))


def _outputs(
    mapper: Mapper, root: Path, found: list[Path], batch: int, unreadable: list[Path]
) -> Iterator[tuple[Path, np.ndarray, np.ndarray]]:
    """Yields (file, image, output), ordered by size.

    The function compiles once per size. Sizes are not rounded up to share a program, because more
    padding would change the statistics of an instance norm and with them the whole output.
    """
    sizes = {file: mapper.size(size_of(root / file)) for file in found}
    count = len({size for size in sizes.values() if all(size)})
    place = itertools.count(1)

    def starting(size: tuple[int, ...]) -> None:
        of = f" ({next(place)} of {count} sizes)" if count > 1 else ""
        _say(f"compiling {mapper.name} for {size[1]}x{size[0]}{of}")

    bar = tqdm(sorted(found, key=lambda file: sizes[file]), unit="images")
    return mapper.stream(files.decoded(root, bar, unreadable), batch, starting)


def _say(line: str) -> None:
    tqdm.write(line, file=sys.stderr)


def _write_images(
    mapper: Mapper, source: Path, found: list[Path], out: Path, batch: int, sheet: bool
) -> Applied:
    root = source if source.is_dir() else source.parent
    to_file = files.is_image_file(source, out)
    if to_file and sheet:
        raise InputError(f"sheet: {out} is a file, with no place for {SHEET}; name a folder")
    if not to_file:
        files.check_folder(out, root, source.is_file())
    names = files.output_names(found, [Path(SHEET)] if sheet else [])
    shown = [file for file in found if sheet and all(size_of(root / file))][:ROWS]
    cells: dict[Path, list[np.ndarray]] = {}
    unreadable: list[Path] = []
    for file, image, output in _outputs(mapper, root, found, batch, unreadable):
        files.write_image(out if to_file else out / names[file], output)
        if file in shown:
            cells[file] = _pair(image, output)
    if cells:
        images = letterboxed([cell for file in shown for cell in cells.get(file, ())])
        titles = (mapper.function.takes[0], mapper.name)
        pairs = images.reshape(-1, 2, *images.shape[1:])
        files.write_image(out / SHEET, grid(pairs, titles=titles))
    return Applied(len(found), len(unreadable))


def _apply_to_vectors(mapper: Mapper, source: Path, out: Path) -> Applied:
    """Maps the vectors (such as codes) in an .npz file to images, named as the file says."""
    names, vectors = files.read_vectors(source)
    if mapper.function.gives.kind not in ("image", "mask"):
        raise InputError(f"function: {mapper.name} gives no images; call it in Python")
    files.check_folder(out, source.parent, True)
    outputs, paths = mapper.rows(vectors), files.output_names(names)
    for name, output in zip(names, outputs, strict=True):
        files.write_image(out / paths[name], output)
    return Applied(len(names))


def _pair(image: np.ndarray, output: np.ndarray) -> list[np.ndarray]:
    """An image and its output, shrunk and with equal channels; a mask is drawn in its colours."""
    both = [image, PALETTE[output] if output.ndim == 2 else output]
    channels = max(picture.shape[-1] for picture in both)
    return [shrunk(to_channels(picture, channels), CELL) for picture in both]


def _apply_to_rows(opened: Opened, mapper: Mapper, source: Path, out: Path) -> Applied:
    """Applies the function to each row of a CSV table, or to the last rows of a CSV series."""
    files.check_file(out, ".csv", "a row an output")
    if len(mapper.feature.shape) > 2 or not opened.columns:
        raise InputError(
            f"function: {mapper.name} takes arrays of shape {mapper.feature.shape}, and neither"
            " the rows of a table nor those of a series; call it in Python"
        )
    series = None
    try:
        if len(mapper.feature.shape) == 2:
            series = read_series(source, opened.columns)
            rows = _window(mapper, source, series)
        else:
            rows = read_rows(source, opened.columns)
    except InputError as error:
        raise InputError(str(error).replace("data.source", "in", 1)) from None
    outputs = opened.apply(mapper.name, rows)
    header, lines = _columns(opened, mapper, outputs if series is None else outputs[0])
    times = [] if series is None else series.following(len(lines))
    if series and times and tuple(header) == opened.columns:
        header = [series.time, *header]
        lines = [[time, *line] for time, line in zip(times, lines, strict=True)]
    files.write_csv(out, header, lines)
    return Applied(len(rows))


def _window(mapper: Mapper, source: Path, series: Series) -> np.ndarray:
    """The last rows of a series, shape (1, rows, columns), as many as the function takes."""
    past = mapper.feature.shape[0]
    last = series.rows[-past:]
    if (
        len(last) < past
        or np.isnan(last).any()
        or series.broken[len(series.rows) - past + 1 :].any()
    ):
        raise InputError(
            f"in: {mapper.name} takes the last {past} rows of a series without a gap, and {source}"
            f" has {len(series.rows)} rows: add rows, or fill in what is missing"
        )
    return last[None]


def _columns(
    opened: Opened, mapper: Mapper, values: np.ndarray
) -> tuple[list[str], list[list[Any]]]:
    """Header and rows of the output table: labels with probabilities, or numbers."""
    gives, target = mapper.function.gives, opened.run.data.target
    if gives.kind == "label":
        classes = list(opened.class_names) or [str(c) for c in range(gives.classes)]
        return ["label", *classes], [[classes[int(np.argmax(p))], *p] for p in values]
    if gives.kind != "array":
        raise InputError(f"function: {mapper.name} gives a {gives.kind} a row; call it in Python")
    flat = np.asarray(values).reshape(len(values), -1)
    width, predicts = flat.shape[1], opened.predicted(mapper.function) is not None
    if predicts and width == len(opened.columns) and gives.shape != ():
        return list(opened.columns), flat.tolist()
    if width == 1:
        return [target if predicts and target else "score"], flat.tolist()
    return [str(i) for i in range(width)], flat.tolist()
