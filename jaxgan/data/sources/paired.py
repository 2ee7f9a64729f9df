"""Pairs of images, for pix2pix: two files of one name, or one file with both side by side."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from jaxgan.data.examples import Pixels, Source, UnreadableImageError, common_channels
from jaxgan.data.images.decode import decode
from jaxgan.data.images.resize import to_channels
from jaxgan.data.sources.domains import find_domains
from jaxgan.data.sources.folder import find_files, first_channels
from jaxgan.errors import InputError


def open_paired(text: str, split: str = "train", channels: int = 0) -> Source:
    """Pairs of images, without labels.

    Args:
      text: ``PATH_A,PATH_B``, two folders whose files have the same names but for the extension; or
        ``ROOT``, which has them as ``trainA`` and ``trainB``, or else holds images with domain a
        in the left half and b in the right, in its folder ``train`` where it has one.
      split: ``train``, or what stands for it in these names.
      channels: of the images, 1, 3 or 4; 0 is as the first ones have.

    Raises:
      InputError: no such folder, no readable image in it, or a file without its partner.
    """
    folders, name = find_domains("paired", text, split), f"paired:{text}"
    if folders is None:
        return _side_by_side(name, _folder(Path(text).expanduser(), split))
    return _two_folders(name, *folders, channels)


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
    files = find_files(folder)
    deep = next((file for file in files if len(file.parts) > 1), None)
    if deep:
        raise InputError(
            f"data.source: {folder} has images in subfolders ({deep}), where it needs images with "
            "both domains side by side: for two folders, write paired:PATH_A,PATH_B"
        )

    def example(i: int) -> tuple[Pixels, int]:
        path = folder / files[i]
        image = decode(path, str(path))
        if image.shape[1] % 2:
            raise UnreadableImageError(
                f"{path} ({image.shape[1]} pixels wide: two halves need an even width)"
            )
        return image, 0

    return Source(name, len(files), first_channels(folder, files), example, images=("a", "b"))


def _two_folders(name: str, a: Path, b: Path, channels: int) -> Source:
    pairs = _pairs(a, b)
    if not channels:
        files_a, files_b = (list(files) for files in zip(*pairs, strict=True))
        channels = common_channels(first_channels(a, files_a), first_channels(b, files_b))

    def example(i: int) -> tuple[Pixels, int]:
        paths = a / pairs[i][0], b / pairs[i][1]
        one, other = (to_channels(decode(path, str(path)), channels) for path in paths)
        if one.shape != other.shape:
            sizes = " and ".join(f"{image.shape[1]} x {image.shape[0]}" for image in (one, other))
            raise UnreadableImageError(
                f"{paths[0]} and {paths[1]} ({sizes} pixels: a pair needs one size)"
            )
        return np.concatenate([one, other], axis=1), 0

    return Source(name, len(pairs), channels, example, images=("a", "b"))


def _pairs(a: Path, b: Path) -> list[tuple[Path, Path]]:
    """The files of both folders that have one name, relative to their folders."""
    one, other = _by_name("a", a), _by_name("b", b)
    alone = sorted(one.keys() ^ other.keys())
    if alone:
        first = alone[0]
        path, there = (a / one[first], b) if first in one else (b / other[first], a)
        raise InputError(
            f"data.source: {path} has no partner in {there} ({len(alone)} such files): give both "
            "the same name, or take it away"
        )
    return [(one[name], other[name]) for name in one]


def _by_name(domain: str, folder: Path) -> dict[Path, Path]:
    """A folder's image files, relative to it, by their names: their paths without extension."""
    try:
        files = find_files(folder)
    except InputError as error:
        raise InputError(f"{error} (domain {domain})") from None
    found: defaultdict[Path, list[Path]] = defaultdict(list)
    for file in files:
        found[file.with_suffix("")].append(file)
    for same in found.values():
        if len(same) > 1:
            raise InputError(
                f"data.source: {folder} has {same[0]} and {same[1]}, of one name: take one away"
            )
    return {name: same[0] for name, same in found.items()}
