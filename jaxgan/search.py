"""Similar images: ``python -m jaxgan.search RUN --index FOLDER --query IMAGE --k 8``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from jaxgan import cli
from jaxgan.errors import InputError
from jaxgan.run.mapping import BATCH, Mapper
from jaxgan.run.opened import open_run
from jaxgan.run.searching import (
    encode_folder,
    encode_indexed,
    index_file,
    nearest,
    write_found,
)
from jaxgan.system.compiler import use_cache


@dataclass(frozen=True, kw_only=True)
class Command:
    """Finds the images of a folder whose codes are nearest to the code of a query."""

    run: Annotated[str, tyro.conf.Positional]
    """Run directory; the codes of the folder are kept beside it, in RUN.search."""
    index: str
    """Folder of images (with subfolders) to search."""
    query: str
    """Query image, or a folder of queries."""
    k: int = 8
    """Number of images to find for each query."""
    out: str = "search.png"
    """Output sheet with one row per query. A CSV file of the same name has files and distances."""
    function: str = "encode"
    """Name of the function that computes codes."""
    batch_size: int = 8 * BATCH
    """Number of images to encode per call; fewer need less memory."""
    member: int = 0
    """Index of the member, for a run that trained several."""
    ema: bool = True
    """Averaged weights, if the run keeps them."""
    best: bool = False
    """The run's best checkpoint, not its newest."""
    config: str | None = None
    """Config file, for a run with nets that are not jaxgan's own."""


def main(args: list[str]) -> int:
    """The command."""
    command = cli.parse(Command, None, args, "jaxgan search")
    out, folder = Path(command.out), Path(command.index)
    if out.suffix != ".png":
        raise InputError(f"out: {out} does not end in .png; the CSV file is written beside it")
    if command.batch_size < 1:
        raise InputError(f"batch_size: {command.batch_size} is below 1")
    if not folder.is_dir():
        raise InputError(f"index: there is no folder {folder}")
    use_cache()
    opened = open_run(command.run, command.ema, command.config, command.best, member=command.member)
    mapper = Mapper(
        opened.algorithm.functions, opened.spec.features, opened.weights, command.function
    )
    if mapper.feature.kind != "image" or mapper.function.gives.kind != "array":
        raise InputError(
            f"function: {mapper.name} does not make codes of images; name one that does"
        )
    size, index = command.batch_size, index_file(Path(command.run), folder)
    images = encode_indexed(mapper, opened.weights, folder, size, index)
    queries = encode_folder(mapper, Path(command.query), "query", size, images.known)
    write_found(out, images, queries, nearest(images, queries, command.k))
    print(f"{out}: {command.k} of {len(images.files)} images for {len(queries.files)} queries")
    print(f"{index}: {images.encoded} images were new")
    return 1 if images.unreadable + queries.unreadable else 0


if __name__ == "__main__":
    cli.main(main)
