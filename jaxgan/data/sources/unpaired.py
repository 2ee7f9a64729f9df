"""Two folders of unpaired images, for CycleGAN."""

from dataclasses import replace
from pathlib import Path

from jaxgan.data.examples import Source, as_domain
from jaxgan.data.sources.domains import find_domains
from jaxgan.data.sources.folder import open_folder
from jaxgan.errors import InputError


def open_unpaired(text: str, split: str = "train") -> dict[str, Source]:
    """The images of two folders, each opened by :func:`jaxgan.data.sources.folder.open_folder`.

    Args:
      text: ``PATH_A,PATH_B``, or ``ROOT`` with the folders ``trainA``, ``trainB``, ``testA`` and
        ``testB``, as in CycleGAN's data sets.
      split: ``train`` or ``test``.

    Raises:
      InputError: no such folders, or no readable image in one of them.
    """
    folders = find_domains("unpaired", text, split)
    if folders is None:
        field = "source" if split == "train" else "split"
        raise InputError(
            f"data.{field}: {text} has no folders {split}A and {split}B: "
            "name a folder that has them, or write unpaired:PATH_A,PATH_B"
        )
    has_test = split == "train" and (Path(text).expanduser() / "testA").is_dir()
    test = find_domains("unpaired", text, "test") if has_test else None
    return {
        domain: _open(domain, folders[i], None if test is None else test[i])
        for i, domain in enumerate("ab")
    }


def _open(domain: str, folder: Path, test: Path | None = None) -> Source:
    try:
        source = as_domain(open_folder(str(folder)), domain)
    except InputError as error:
        raise InputError(f"{error} (domain {domain})") from None
    return source if test is None else replace(source, test=lambda: _open(domain, test))
