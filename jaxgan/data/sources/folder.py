"""A folder of image files."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxgan.core import Feature
from jaxgan.data.examples import Example, Source, UnreadableImageError
from jaxgan.data.images.decode import channels_of, decode
from jaxgan.errors import InputError

EXTENSIONS = (
    ".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jp2",
    ".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".ico",
)  # fmt: skip
"""Extensions of image files that Pillow reads. An animation gives its first frame."""

_TOLD = 3
"""Number of skipped files that a note names."""


class Files(NamedTuple):
    """The files of a folder, relative to it and sorted."""

    images: list[Path]
    others: list[Path]

    @property
    def notes(self) -> tuple[str, ...]:
        """A line about the files that are no images; () if there are none."""
        if not self.others:
            return ()
        named = ", ".join(str(file) for file in self.others[:_TOLD])
        count = len(self.others)
        what = "1 file that is no image" if count == 1 else f"{count} files that are no images"
        return (f"skipped {what}: {named}{', ...' * (count > _TOLD)}",)


def open_folder(path: str) -> Source:
    """The images in a folder and its subfolders, ordered by path and decoded when they are read.

    The direct subfolders are the classes, sorted by name. If an image lies in the folder itself,
    there are no labels. Names that start with a dot are ignored.

    Raises:
      InputError: no such folder, or no readable image in it.
    """
    root = Path(path).expanduser()
    found = find_files(root)
    files = found.images
    flat = any(len(file.parts) == 1 for file in files)
    names = () if flat else tuple(sorted({file.parts[0] for file in files}))
    index = {name: i for i, name in enumerate(names)}
    labels = np.array([index.get(file.parts[0], 0) for file in files], np.int32)
    features = {"image": Feature("image", (0, 0, first_channels(root, files)))}
    if names:
        features["label"] = Feature("label", (), len(names))

    def example(i: int) -> Example:
        image = decode(root / files[i], str(root / files[i]))
        return {"image": image, "label": labels[i]} if names else {"image": image}

    return Source(
        name=f"folder:{path}",
        size=len(files),
        features=features,
        example=example,
        class_names=names,
        read_labels=(lambda: labels) if names else None,
        notes=found.notes,
    )


def find_files(root: Path, field: str = "data.source") -> Files:
    """The files under ``root``: images, by their extension, and others.

    Links to folders are followed. Only regular files count as images, because opening a pipe would
    block.

    Raises:
      InputError: no such folder, or no image in it; ``field`` is the option that named it.
    """
    if not root.is_dir():
        raise InputError(f"{field}: there is no folder {root}")
    images, others = list[Path](), list[Path]()
    for folder, subfolders, files in os.walk(root, followlinks=True):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        here = Path(folder).relative_to(root)
        for name in (name for name in files if not name.startswith(".")):
            is_image = name.lower().endswith(EXTENSIONS) and os.path.isfile(f"{folder}/{name}")
            (images if is_image else others).append(here / name)
    if not images:
        raise InputError(f"{field}: no image in {root}: it needs {', '.join(EXTENSIONS)} files")
    return Files(*(sorted(files, key=lambda file: file.parts) for files in (images, others)))


def first_channels(root: Path, files: list[Path]) -> int:
    """The number of channels of the first readable image.

    Raises:
      InputError: no image can be read.
    """
    for file in files:
        try:
            return channels_of(root / file)
        except UnreadableImageError:
            continue
    raise InputError(f"data.source: none of the {len(files)} images in {root} can be read")
