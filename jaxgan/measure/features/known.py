"""The weights that define the field's metrics: where they are, and how they are downloaded."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pooch

from jaxgan.errors import InputError
from jaxgan.system.files import cache_directory
from jaxgan.weights.files import existing, read_weights, sha256


class MissingWeightsError(InputError):
    """A known network's weights are missing and cannot be downloaded."""


class Known(NamedTuple):
    """One file of weights with all its known names; the first is the name in the URL."""

    name: str
    files: tuple[str, ...]
    url: str
    sha256: str


KNOWN = {
    known.name: known
    for known in (
        # Inception of 2015-12-05: pytorch-fid and torch-fidelity publish the same bytes.
        Known(
            "inception",
            (
                "pt_inception-2015-12-05-6726825d.pth",
                "weights-inception-2015-12-05-6726825d.pth",
            ),
            "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
            "pt_inception-2015-12-05-6726825d.pth",
            "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        ),
        # torchvision's VGG-16.
        Known(
            "vgg16",
            ("vgg16-397923af.pth",),
            "https://download.pytorch.org/models/vgg16-397923af.pth",
            "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        ),
    )
}


def open_weights(
    name: str, path: str | None = None, download: bool = True
) -> tuple[dict[str, np.ndarray], str]:
    """The arrays in the file of :func:`find_weights`, and its SHA-256.

    Raises:
      InputError: the file is not found or cannot be read.
    """
    found, digest = find_weights(name, path, download)
    return read_weights(found), digest


def find_weights(name: str, path: str | None = None, download: bool = True) -> tuple[Path, str]:
    """The file of a network's weights, and its SHA-256.

    A file with one of the known names must have the known hash. A file with any other name, such as
    a converted one, is accepted; its hash distinguishes its results.

    Args:
      name: name of the network; those in ``KNOWN`` need no ``path``.
      path: a file; None: the file in the cache.
      download: whether the file may be downloaded into the cache.

    Raises:
      InputError: the file does not exist or has another hash; MissingWeightsError if it cannot be
        downloaded.
    """
    known = KNOWN.get(name)
    if path is not None:
        return _checked(existing(path), known)
    if known is None:
        raise InputError(f"weights: those of {name} are not published: give a file by --weights")
    folder = cache_directory() / "weights"
    for file in known.files:
        if (folder / file).exists():
            return _checked(folder / file, known)
    if not download:
        raise MissingWeightsError(
            f"weights: the {name} weights are not here: {_remedy(known, folder)}"
        )
    return _downloaded(known, folder), known.sha256


def _checked(path: Path, known: Known | None) -> tuple[Path, str]:
    digest = sha256(path)
    if known and path.name in known.files and digest != known.sha256:
        raise InputError(
            f"weights: {path} has sha256 {digest}, not {known.sha256}: "
            "it is cut short or damaged; delete or replace it"
        )
    return path, digest


def _downloaded(known: Known, folder: Path) -> Path:
    """Downloads a file, which gets its name only when it is complete and its hash is right."""
    file = known.files[0]
    try:
        pooch.retrieve(known.url, known.sha256, file, folder, progressbar=True)
    except (OSError, ValueError) as error:  # requests: OSError; a wrong hash: ValueError.
        reason = " ".join(str(error).split())
        raise MissingWeightsError(
            f"weights: the {known.name} weights are not here and could not be downloaded "
            f"({reason}): {_remedy(known, folder)}"
        ) from None
    return folder / file


def _remedy(known: Known, folder: Path) -> str:
    return (
        f"put {known.files[0]} (sha256 {known.sha256}) from {known.url} into {folder}, "
        "or give it by --weights FILE"
    )
