"""Input and output files of a run's functions."""

import csv
import io
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from jaxgan.data.examples import Pixels, UnreadableImageError
from jaxgan.data.images.decode import decode
from jaxgan.data.sources.folder import EXTENSIONS, Files, find_files
from jaxgan.errors import InputError, first_line
from jaxgan.ops.palette import PALETTE
from jaxgan.system.files import write_whole


def find_images(path: Path, field: str = "in") -> tuple[Path, Files]:
    """A folder and its images; for a single image, its parent folder and that image.

    Args:
      path: the folder or the image.
      field: the command's option that named it, for errors.

    Raises:
      InputError: the path does not exist, or the folder has no images.
    """
    if path.is_dir():
        return path, find_files(path, field)
    if not path.is_file():
        raise InputError(f"{field}: {path} is neither a folder nor a regular file; name one")
    return path.parent, Files([Path(path.name)], [])


def is_image_file(source: Path, out: Path) -> bool:
    """Whether ``out`` names an image file rather than a folder.

    Raises:
      InputError: the input is a folder, or ``out`` is the input itself or not a PNG file.
    """
    if out.is_dir() or out.suffix.lower() not in EXTENSIONS:
        return False
    if source.is_dir():
        raise InputError(f"out: {out} is a file, and {source} a folder of images; name a folder")
    if out.suffix.lower() != ".png":
        raise InputError(f"out: {out} does not end in .png, as images are written; name a FILE.png")
    if out.resolve() == source.resolve():
        raise InputError(f"out: {out} is the input itself; name another file")
    return True


def check_folder(out: Path, root: Path, single: bool) -> None:
    """Raises InputError if the output folder is a file, or would mix inputs and outputs."""
    if out.exists() and not out.is_dir():
        raise InputError(f"out: {out} is a file; name a folder")
    inside = out.resolve().is_relative_to(root.resolve())
    if root.resolve() == out.resolve() or (inside and not single):
        raise InputError(f"out: {out} is or lies in the folder of the inputs; name one beside it")


def check_file(out: Path, ending: str, holds: str) -> None:
    """Raises InputError if the output has another file ending or is a folder."""
    if out.suffix != ending or out.is_dir():
        raise InputError(f"out: {out} is to hold {holds}: name a FILE{ending}")


def output_names(files: Sequence[Path], taken: Sequence[Path] = ()) -> dict[Path, Path]:
    """``x.png`` for ``x.jpg``; ``x.jpg.png`` if ``x.png`` is in ``taken`` or is another's name."""
    names = {file: file.with_suffix(".png") for file in files}
    while True:
        counts = Counter(str(name).lower() for name in (*names.values(), *taken))
        short = [
            file
            for file, name in names.items()
            if counts[str(name).lower()] > 1 and name.name != f"{file.name}.png"
        ]
        if not short:
            return names
        names |= {file: file.with_name(f"{file.name}.png") for file in short}


def decoded(
    root: Path, files: Iterable[Path], unreadable: list[Path]
) -> Iterator[tuple[Path, Pixels]]:
    """Decodes images lazily; reports an unreadable one and appends it to ``unreadable``."""
    for file in files:
        try:
            yield file, decode(root / file, str(root / file))
        except UnreadableImageError as error:
            unreadable.append(file)
            tqdm.write(f"unreadable: {error}", file=sys.stderr)


def write_image(path: Path, image: np.ndarray) -> None:
    """Writes uint8 (h, w, 1, 3 or 4) as PNG, or class indices (h, w) as PNG with a palette."""
    if image.ndim == 2:
        picture = Image.fromarray(image)
        picture.putpalette(PALETTE.tobytes())
    else:
        picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    _write(path, lambda file: picture.save(file, "PNG"))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes a table with a header; floats have seven significant digits, as float32 does."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    for row in rows:
        table.writerow([f"{x:.7g}" if isinstance(x, float | np.floating) else x for x in row])
    _write(path, text.getvalue())


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays by name, compressed."""
    _write(path, lambda file: np.savez_compressed(file, **dict[str, Any](arrays)))


def read_vectors(path: Path) -> tuple[list[Path], np.ndarray]:
    """The ``files`` (as paths) and ``vectors`` of an .npz file such as ``apply`` writes.

    Raises:
      InputError: the file lacks them, or a name leads out of the output folder.
    """
    try:
        with np.load(path, allow_pickle=False) as table:
            names, vectors = [Path(str(name)) for name in table["files"]], table["vectors"]
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"in: {path} is no .npz file with files and vectors, as encode writes"
            f" ({first_line(error)})"
        ) from None
    if len(names) != len(vectors) or len({*names}) < len(names):
        raise InputError(f"in: {path} has {len(names)} files for {len(vectors)} vectors")
    if outside := [name for name in names if name.is_absolute() or ".." in name.parts]:
        raise InputError(f"in: {path} names a file outside of the output's folder: {outside[0]}")
    return names, vectors


def _write(path: Path, data: Any) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
    except OSError as error:
        raise InputError(f"out: {path} cannot be written ({error.strerror or error})") from error
