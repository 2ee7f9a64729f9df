"""Finds the folders of two domains, and pairs the files of two folders."""

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from jaxgan.data.sources.folder import find_files
from jaxgan.errors import InputError


def find_domains(kind: str, text: str, split: str) -> tuple[Path, Path] | None:
    """The folders of domains a and b; None if ``text`` is a folder that does not contain them.

    Args:
      kind: kind of the source for messages, ``unpaired`` or ``paired``.
      text: ``PATH_A,PATH_B``, or a folder that contains ``{split}A`` and ``{split}B``. If the whole
        text is an existing folder, a comma in it does not count.
      split: ``train``, ``test`` and the like.

    Raises:
      InputError: ``text`` is neither, a domain is missing, or two folders are given with a split.
    """
    root = Path(text).expanduser()
    if root.is_dir():
        a, b = root / f"{split}A", root / f"{split}B"
        if a.is_dir() != b.is_dir():
            has, lacks = (a, b) if a.is_dir() else (b, a)
            raise InputError(f"data.source: {root} has {has.name} and no {lacks.name}: add it")
        return (a, b) if a.is_dir() else None
    if "," not in text:
        raise InputError(f"data.source: there is no folder {root}")
    return two_folders(f"{kind}:PATH_A,PATH_B", text, split)


def two_folders(form: str, text: str, split: str) -> tuple[Path, Path]:
    """The two paths of ``PATH,PATH``, which have the split ``train`` only.

    Raises:
      InputError: there are not two paths, or another split is requested; the message shows
        ``form``.
    """
    paths = text.split(",")
    if len(paths) != 2 or not all(paths):
        raise InputError(
            f"data.source: {text!r} is not two folders with a comma between them: write {form}"
        )
    if split != "train":
        raise InputError(
            f"data.split: two folders have no split {split!r}, only train: "
            "name other folders in data.source"
        )
    return Path(paths[0]).expanduser(), Path(paths[1]).expanduser()


class Pairs(NamedTuple):
    """Pairs of image files, and lines about skipped files."""

    files: list[tuple[Path, Path]]
    notes: tuple[str, ...]


def find_pairs(a: Path, b: Path, names: tuple[str, str]) -> Pairs:
    """Pairs the image files of two folders by relative path without extension, sorted.

    Raises:
      InputError: a file has no partner, or two files of a folder have the same name; the message
        shows ``names``, the contents of the folders.
    """
    (one, notes), (other, more) = _by_name(a, names[0]), _by_name(b, names[1])
    alone = sorted(one.keys() ^ other.keys())
    if alone:
        first = alone[0]
        path, there = (a / one[first], b) if first in one else (b / other[first], a)
        raise InputError(
            f"data.source: {path} has no partner in {there} ({len(alone)} such files): give both "
            "the same name, or take it away"
        )
    files = [(a / one[name], b / other[name]) for name in one]
    return Pairs(files, tuple(dict.fromkeys(notes + more)))


def _by_name(folder: Path, what: str) -> tuple[dict[Path, Path], tuple[str, ...]]:
    """A folder's image files by their relative paths without extension, and its notes."""
    try:
        files = find_files(folder)
    except InputError as error:
        raise InputError(f"{error} ({what})") from None
    found: defaultdict[Path, list[Path]] = defaultdict(list)
    for file in files.images:
        found[file.with_suffix("")].append(file)
    for same in found.values():
        if len(same) > 1:
            raise InputError(
                f"data.source: {folder} has {same[0]} and {same[1]}, of one name: take one away"
            )
    return {name: same[0] for name, same in found.items()}, files.notes
