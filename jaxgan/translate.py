"""Images between two domains: ``python -m jaxgan.translate RUN --in FOLDER --out FOLDER``."""

import itertools
import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import jax
import numpy as np
import tyro
from PIL import ExifTags, Image
from tqdm import tqdm

from jaxgan import cli
from jaxgan.data.examples import Pixels, UnreadableImageError
from jaxgan.data.images.decode import decode
from jaxgan.data.images.resize import to_channels
from jaxgan.data.sources.folder import find_files
from jaxgan.errors import InputError
from jaxgan.ops.pixels import to_float, to_uint8
from jaxgan.run.opened import Trained, open_run
from jaxgan.run.pictures import grid, letterboxed, shrunk, write_png
from jaxgan.system.compiler import use_cache
from jaxgan.typing import Variables

Name = TypeVar("Name", bound=Hashable)

BATCH = 8
"""Images a call of the generator."""

SHEET = "sheet.png"

ROWS, CELL = 16, 256
"""Of a sheet: its rows, and the longer side of an image in pixels, at most."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """Translates images by a run's generator; an image keeps its size."""

    run: Annotated[str, tyro.conf.Positional]
    """Run directory."""
    images: Annotated[str, tyro.conf.arg(name="in")]
    """Folder of images, its subfolders too, or one image."""
    out: str
    """Folder of the PNG files, under the names of the images."""
    direction: Literal["ab", "ba"] = "ab"
    """From domain a to b, or from b to a."""
    sheet: bool = False
    """Writes sheet.png too: the first images beside what became of them."""
    batch_size: int = BATCH
    """Images of one size at a time; fewer need less memory."""
    ema: bool = True
    """Averaged weights, where the run keeps them."""
    config: str | None = None
    """The config file, for a run with nets that are not jaxgan's own."""


def translate(
    trained: Trained, images: Sequence[Pixels], direction: str = "ab", batch_size: int = BATCH
) -> list[Pixels]:
    """Every image in the other domain, at its own size, with the run's channels.

    An image is padded by reflection at the right and the bottom to the next size that the
    generator takes, and what it becomes is cropped. Each size compiles once.

    Args:
      trained: an opened run.
      images: of any sizes, each with 1, 3 or 4 channels.
      direction: ``"ab"``, from domain a to b, or ``"ba"``.
      batch_size: images of one padded size go through together, up to so many.

    Raises:
      InputError: for a run that samples, or a direction that it has not learnt.
    """
    multiple = multiple_of(trained, direction)
    order = sorted(range(len(images)), key=lambda i: padded_size(images[i].shape[:2], multiple))
    named = ((i, images[i]) for i in order)
    outputs = {i: output for i, _, output in stream(trained, named, direction, batch_size)}
    return [outputs[i] for i in range(len(images))]


def multiple_of(trained: Trained, direction: str) -> int:
    """What divides the sides of an image that the run's generators take.

    Raises:
      InputError: for a run that samples, or a direction that it has not learnt.
    """
    translation = trained.algorithm.translation
    if translation is None:
        raise InputError("run: this run samples images: use python -m jaxgan.sample")
    if direction not in translation.directions:
        known = " or ".join(translation.directions)
        raise InputError(f"direction: this run does not translate {direction}: use {known}")
    return translation.multiple


def padded_size(size: tuple[int, ...], multiple: int) -> tuple[int, ...]:
    """Each side raised to the next multiple."""
    return tuple(-(-side // multiple) * multiple for side in size)


def stream(
    trained: Trained, named: Iterable[tuple[Name, Pixels]], direction: str, batch_size: int = BATCH
) -> Iterator[tuple[Name, Pixels, Pixels]]:
    """:func:`translate` for images that come one by one: holds one batch of them.

    Neighbours of one padded size go through together, so they come best ordered by size.

    Yields:
      the name, the image with the run's channels, and what it becomes, in the order of ``named``.
    """
    multiple, channels = multiple_of(trained, direction), trained.spec.image_shape[-1]

    @jax.jit
    def draw(variables: dict[str, Variables], images: jax.Array) -> jax.Array:
        inputs = {direction[0]: to_float(images)}
        return to_uint8(trained.algorithm.predict(variables, inputs, jax.random.key(0)))

    converted = ((name, to_channels(image, channels)) for name, image in named)
    for size, group in itertools.groupby(
        converted, lambda item: padded_size(item[1].shape[:2], multiple)
    ):
        batch = 0
        while chunk := list(itertools.islice(group, batch_size)):
            batch = batch or len(chunk)  # a shorter last one is filled up rather than compiled
            images = np.stack([_padded(image, size) for _, image in chunk])
            images = np.concatenate([images, images[-1:].repeat(batch - len(chunk), axis=0)])
            outputs = np.asarray(draw(trained.variables, images))
            for (name, image), output in zip(chunk, outputs, strict=False):
                yield name, image, output[: image.shape[0], : image.shape[1]]


def _padded(image: Pixels, size: tuple[int, ...]) -> Pixels:
    below, right = size[0] - image.shape[0], size[1] - image.shape[1]
    return np.pad(image, ((0, below), (0, right), (0, 0)), mode="reflect")


def find_inputs(path: Path, out: Path) -> tuple[Path, list[Path]]:
    """A folder and the images in it; of one image, the folder that it is in.

    Raises:
      InputError: there is none, or ``out`` is a file or would mix inputs and outputs.
    """
    if not path.exists():
        raise InputError(f"in: there is no file or folder {path}")
    if out.exists() and not out.is_dir():
        raise InputError(f"out: {out} is a file; name a folder")
    single = not path.is_dir()
    root, files = (path.parent, [Path(path.name)]) if single else (path, find_files(path, "in"))
    inside = out.resolve().is_relative_to(root.resolve())
    if root.resolve() == out.resolve() or (inside and not single):
        raise InputError(f"out: {out} is or lies in the folder of the inputs; name one beside it")
    return root, files


def output_names(files: Sequence[Path], taken: Sequence[Path] = ()) -> dict[Path, Path]:
    """``x.png`` for ``x.jpg``; ``x.jpg.png`` where another file or ``taken`` has that name."""
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


def size_of(path: Path) -> tuple[int, int]:
    """(height, width) from the header, (0, 0) where it cannot be read."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            # Asked for what it has not, a PNG file would be decoded.
            exif = image.getexif() if "exif" in image.info else {}
            turned = exif.get(ExifTags.Base.Orientation, 1) >= 5
    except Exception:  # Pillow raises nearly any kind; decode says which.
        return 0, 0
    return (width, height) if turned else (height, width)


def _decoded(
    root: Path, files: Iterable[Path], unreadable: list[Path]
) -> Iterator[tuple[Path, Pixels]]:
    """Images as they are asked for; what cannot be read is told of and put on the list."""
    for file in files:
        try:
            yield file, decode(root / file, str(root / file))
        except UnreadableImageError as error:
            unreadable.append(file)
            tqdm.write(f"unreadable: {error}", file=sys.stderr)


def _write(path: Path, image: np.ndarray) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(path, image)
    except OSError as error:
        raise InputError(f"out: {path} cannot be written ({error.strerror or error})") from error


def translate_files(
    trained: Trained, command: Command, root: Path, files: Sequence[Path]
) -> list[Path]:
    """Translates image files, named relative to ``root``, into ``command.out``.

    Returns:
      those that cannot be read.

    Raises:
      InputError: as :func:`translate` does, or when a file cannot be written.
    """
    out = Path(command.out)
    multiple = multiple_of(trained, command.direction)
    names = output_names(files, [Path(SHEET)] if command.sheet else [])
    sizes = {file: padded_size(size_of(root / file), multiple) for file in files}
    shown = [file for file in files if all(sizes[file])][:ROWS]
    pairs: dict[Path, list[Pixels]] = {}
    unreadable: list[Path] = []
    bar = tqdm(sorted(files, key=lambda file: sizes[file]), unit="images")
    named = _decoded(root, bar, unreadable)
    for file, image, output in stream(trained, named, command.direction, command.batch_size):
        _write(out / names[file], output)
        if command.sheet and file in shown:
            pairs[file] = [shrunk(image, CELL), shrunk(output, CELL)]
    if pairs:
        cells = letterboxed([cell for file in shown for cell in pairs.get(file, ())])
        a, b = command.direction.upper()
        sheet = cells.reshape(-1, 2, *cells.shape[1:])
        _write(out / SHEET, grid(sheet, titles=(f"real {a}", f"fake {b}")))
    return unreadable


def main(args: list[str]) -> int:
    """The command."""
    command = cli.parse(Command, None, args, "python -m jaxgan.translate")
    if command.batch_size < 1:
        raise InputError(f"batch_size: {command.batch_size} is below 1")
    root, files = find_inputs(Path(command.images), Path(command.out))
    use_cache()
    trained = open_run(command.run, command.ema, command.config)
    failed, n = len(translate_files(trained, command, root, files)), len(files)
    summary = f"translated {n - failed} of {n} images"
    print(summary + (f"; {failed} could not be read" if failed else f" into {command.out}"))
    return 1 if failed else 0


if __name__ == "__main__":
    cli.main(main)
