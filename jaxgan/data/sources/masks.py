"""Images with masks, which give the class of every pixel, for segmentation."""

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from jaxgan.core import Feature
from jaxgan.data.examples import Example, Source, UnreadableImageError
from jaxgan.data.images.decode import decode, size_of
from jaxgan.data.sources.domains import find_pairs, two_folders
from jaxgan.data.sources.folder import first_channels
from jaxgan.data.sources.paired import check_sizes
from jaxgan.errors import InputError, first_line

_MOST_COLOURS = 256
_STORE = "store class indices from 0 without loss, such as PNG"


class _Form(NamedTuple):
    """The form in which masks are stored, and the value of each class in the files."""

    what: str
    values: np.ndarray
    names: tuple[str, ...]
    shares: np.ndarray


def open_masks(text: str) -> Source:
    """Images and their masks, from two folders with equal file names.

    A mask is a grey image of class indices, a grey image of 0 and 255, a palette image, whose
    indices are the classes, or a colour image, in which each colour is a class. All masks are read
    once, to find their form and to count the pixels of each class.

    Args:
      text: ``IMAGES,MASKS``; an image and its mask may have different extensions.

    Raises:
      InputError: a file has no partner, a mask differs in size from its image, or the values of the
        masks are no classes.
    """
    images, masks = two_folders("masks:IMAGES,MASKS", text, "train")
    pairs, skipped = find_pairs(images, masks, ("images", "masks"))
    _check_sizes(pairs)
    form = _form(text, [mask for _, mask in pairs])

    def example(i: int) -> Example:
        path, mask_path = pairs[i]
        image, (_, values) = decode(path, str(path)), _values(mask_path)
        check_sizes(path, mask_path, image, values)
        return {"image": image, "mask": np.searchsorted(form.values, values).astype(np.uint8)}

    channels = first_channels(Path(), [image for image, _ in pairs])
    classes = len(form.values)
    return Source(
        f"masks:{text}",
        len(pairs),
        {"image": Feature("image", (0, 0, channels)), "mask": Feature("mask", (0, 0), classes)},
        example,
        class_names=form.names,
        notes=(
            f"masks are {form.what}: {classes} classes; {shares_of(form.names, form.shares)}",
            *skipped,
        ),
    )


def _check_sizes(pairs: Sequence[tuple[Path, Path]]) -> None:
    """Raises InputError if a mask differs in size from its image; reads the file headers only."""
    for image, mask in pairs:
        sizes = [size_of(path) for path in (image, mask)]
        if all(map(any, sizes)) and sizes[0] != sizes[1]:
            (height, width), (own_height, own_width) = sizes
            raise InputError(
                f"data.source: the mask {mask} has {own_width} x {own_height} pixels, and its image"
                f" {image} has {width} x {height}: give both one size"
            )


def shares_of(names: Sequence[str], shares: np.ndarray) -> str:
    """A line with the fraction of pixels of each class."""
    each = ", ".join(f"{name} {share:.1%}" for name, share in zip(names, shares, strict=True))
    return f"share of the pixels: {each}"


def _form(text: str, paths: list[Path]) -> _Form:
    """The common form and the values of all masks; unreadable masks are skipped."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        found = [f for f in threads.map(_counted, paths) if f is not None]
    if not found:
        raise InputError(f"data.source: none of the masks of {text} can be read")
    kinds: dict[str, Path] = {}
    for kind, path, _ in found:
        kinds.setdefault(kind, path)
    if len(kinds) > 1:
        one, other = list(kinds)[:2]
        raise InputError(
            f"data.source: {kinds[one]} is a mask of {one} and {kinds[other]} one of {other}:"
            " store all masks in one way"
        )
    counts, first = Counter[int](), dict[int, Path]()
    for _, path, own in found:
        counts.update(own)
        first |= {value: path for value in own if value not in first}
    values = np.array(sorted(counts))
    kind = next(iter(kinds))
    if len(values) == 1:
        raise InputError(f"data.source: the masks of {text} hold a single value, {values[0]}")
    if kind == "colours":
        if len(values) > _MOST_COLOURS:
            raise InputError(
                f"data.source: the masks of {text} have {len(values)} colours, more than"
                f" {_MOST_COLOURS} classes: {_STORE}"
            )
        names = tuple(f"#{value:06x}" for value in values)
        what = "colours, a class each, in order of their RGB values"
    elif set(values) == {0, 255}:
        names, what = ("0", "255"), "0 and 255, classes 0 and 1"
    else:
        _check_indices(first)
        values = np.arange(values[-1] + 1)
        names = tuple(str(value) for value in values)
        what = f"class indices ({kind})"
    pixels = np.array([counts[int(value)] for value in values])
    return _Form(what, values, names, pixels / pixels.sum())


def _check_indices(first: dict[int, Path]) -> None:
    """Raises InputError if the values are no class indices: 255 or more, with gaps below."""
    low, high = min(first), max(first)
    if high >= 255 and len(first) < high + 1:
        other = next((value for value in sorted(first) if value not in (0, 255)), low)
        raise InputError(
            f"data.source: masks have the value {high} ({first[high]}) beside {other}"
            f" ({first[other]}), so they are neither 0 and 255 nor class indices: {_STORE}; a class"
            " of unlabelled pixels needs the next free index"
        )


def _counted(path: Path) -> tuple[str, Path, dict[int, int]] | None:
    try:
        kind, values = _values(path)
    except UnreadableImageError:
        return None
    unique, counts = np.unique(values, return_counts=True)
    return kind, path, dict(zip(unique.tolist(), counts.tolist(), strict=True))


def _values(path: Path) -> tuple[str, np.ndarray]:
    """A mask's form and its values: grey levels, palette indices, or colours as integers."""
    try:
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode == "P":
                return "a palette", np.array(image)
            if image.mode in ("1", "L", "LA"):
                return "grey levels", np.array(image.convert("L"))
            if image.mode.startswith("I"):
                return "grey levels", np.array(image)
            rgb = np.array(image.convert("RGB")).astype(np.int32)
    except Exception as error:  # Pillow raises almost any exception on damaged bytes.
        raise UnreadableImageError(f"{path} ({first_line(error)})") from error
    return "colours", rgb @ np.array([2**16, 2**8, 1], np.int32)
