"""Pairs of images, for pix2pix: two files with the same name, or one file with both halves."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from jaxgan.core import Feature
from jaxgan.data.examples import Example, Pixels, Source, UnreadableImageError
from jaxgan.data.images.decode import decode
from jaxgan.data.sources.domains import find_domains, find_pairs
from jaxgan.data.sources.folder import find_files, first_channels
from jaxgan.errors import InputError


def open_paired(text: str, split: str = "train") -> Source:
    """Pairs of images ``a`` and ``b`` of one size, without labels.

    Args:
      text: ``PATH_A,PATH_B``, two folders whose file names are equal except for the extension; or
        ``ROOT``. ROOT contains these folders as ``trainA`` and ``trainB``, or images with domain a
        in the left half and b in the right, in its folder ``train`` if it has one. Its test part is
        ``testA`` and ``testB``, or ``test``.
      split: the split, which replaces ``train`` in these names.

    Raises:
      InputError: no such folder, no readable image in it, or a file without a partner.
    """
    folders, root = find_domains("paired", text, split), Path(text).expanduser()
    if folders is None:
        source = _side_by_side(f"paired:{text}", _folder(root, split))
    else:
        source = _two_folders(f"paired:{text}", *folders)
    has_test = (root / "testA").is_dir() or (folders is None and (root / "test").is_dir())
    if split != "train" or not has_test:
        return source
    return replace(source, test=lambda: replace(open_paired(text, "test"), name=f"{text} test"))


def _folder(root: Path, split: str) -> Path:
    if (root / split).is_dir():
        return root / split
    if split != "train":
        raise InputError(
            f"data.split: {root} has no folder {split}, or {split}A and {split}B: "
            "name a split that it has"
        )
    return root


def _side_by_side(name: str, folder: Path) -> Source:
    files, _ = found = find_files(folder)
    deep = next((file for file in files if len(file.parts) > 1), None)
    if deep:
        raise InputError(
            f"data.source: {folder} has images in subfolders ({deep}), where it needs images with "
            "both domains side by side: for two folders, write paired:PATH_A,PATH_B"
        )
    channels = first_channels(folder, files)

    def example(i: int) -> Example:
        path = folder / files[i]
        image = decode(path, str(path))
        if image.shape[1] % 2:
            raise UnreadableImageError(
                f"{path} ({image.shape[1]} pixels wide: two halves need an even width)"
            )
        return dict(zip("ab", np.split(image, 2, axis=1), strict=True))

    features = {domain: Feature("image", (0, 0, channels)) for domain in "ab"}
    return Source(name, len(files), features, example, notes=found.notes)


def _two_folders(name: str, a: Path, b: Path) -> Source:
    pairs, notes = find_pairs(a, b, ("domain a", "domain b"))
    channels = [first_channels(Path(), list(files)) for files in zip(*pairs, strict=True)]

    def example(i: int) -> Example:
        one, other = (decode(path, str(path)) for path in pairs[i])
        check_sizes(*pairs[i], one, other)
        return {"a": one, "b": other}

    features = {k: Feature("image", (0, 0, c)) for k, c in zip("ab", channels, strict=True)}
    return Source(name, len(pairs), features, example, notes=notes)


def check_sizes(one_path: Path, other_path: Path, one: Pixels, other: np.ndarray) -> None:
    """Raises UnreadableImageError if the two images of a pair differ in size."""
    if one.shape[:2] != other.shape[:2]:
        sizes = " and ".join(f"{image.shape[1]} x {image.shape[0]}" for image in (one, other))
        raise UnreadableImageError(
            f"{one_path} and {other_path} ({sizes} pixels: a pair needs one size)"
        )
