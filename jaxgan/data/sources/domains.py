"""Where the images of two domains lie."""

from pathlib import Path

from jaxgan.errors import InputError


def find_domains(kind: str, text: str, split: str) -> tuple[Path, Path] | None:
    """The folders of domains a and b; None where ``text`` is a folder without them.

    Args:
      kind: what messages call it, ``unpaired`` or ``paired``.
      text: ``PATH_A,PATH_B``, or a folder that holds ``{split}A`` and ``{split}B``. What is a
        folder as a whole is that, even with a comma in it.
      split: ``train``, ``test`` and the like.

    Raises:
      InputError: neither of these, one domain without the other, or a split of two folders.
    """
    root, paths = Path(text).expanduser(), text.split(",")
    if root.is_dir():
        a, b = root / f"{split}A", root / f"{split}B"
        if a.is_dir() != b.is_dir():
            has, lacks = (a, b) if a.is_dir() else (b, a)
            raise InputError(f"data.source: {root} has {has.name} and no {lacks.name}: add it")
        return (a, b) if a.is_dir() else None
    if len(paths) == 1:
        raise InputError(f"data.source: there is no folder {root}")
    if len(paths) != 2 or not all(paths):
        raise InputError(
            f"data.source: {text!r} is not two folders with a comma between them: "
            f"write {kind}:PATH_A,PATH_B"
        )
    if split != "train":
        raise InputError(
            f"data.split: two folders have no split {split!r}, only train: "
            "name other folders in data.source"
        )
    return Path(paths[0]).expanduser(), Path(paths[1]).expanduser()
