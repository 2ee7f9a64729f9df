"""A folder of JPEG, PNG and WebP files."""

import os
from pathlib import Path

import numpy as np

from jaxgan.core import Feature
from jaxgan.data.examples import Example, Source, UnreadableImageError
from jaxgan.data.images.decode import channels_of, decode
from jaxgan.errors import InputError

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp")


def open_folder(path: str) -> Source:
    """The images under a folder, in the order of their paths, decoded when they are asked for.

    The folder's own subfolders are the classes, by sorted name. There are no labels where an
    image lies in the folder itself. Names that start with a dot are passed over.

    Raises:
      InputError: no such folder, or no readable image in it.
    """
    root = Path(path).expanduser()
    files = find_files(root)
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
    )


def find_files(root: Path, field: str = "data.source") -> list[Path]:
    """The image files under ``root``, relative to it and sorted; links to folders are followed.

    Raises:
      InputError: no such folder, or no image in it; ``field`` is who named it.
    """
    if not root.is_dir():
        raise InputError(f"{field}: there is no folder {root}")
    found = []
    for folder, subfolders, files in os.walk(root, followlinks=True):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        here = Path(folder).relative_to(root)
        found += [
            here / name
            for name in files
            if name.lower().endswith(EXTENSIONS) and not name.startswith(".")
        ]
    if not found:
        raise InputError(f"{field}: no image in {root}: it needs {', '.join(EXTENSIONS)} files")
    return sorted(found, key=lambda file: file.parts)


def first_channels(root: Path, files: list[Path]) -> int:
    """The channels of the first image that can be read.

    Raises:
      InputError: none can.
    """
    for file in files:
        try:
            return channels_of(root / file)
        except UnreadableImageError:
            continue
    raise InputError(f"data.source: none of the {len(files)} images in {root} can be read")
