"""Unsupervised directions, from a generator's weights or from its codes.

SeFa (Shen and Zhou 2021) and GANSpace (Haerkoenen et al. 2020). A direction is a unit vector of the
latent space; directions are saved as .npz files.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from jaxgan.errors import InputError, first_line
from jaxgan.latents import output
from jaxgan.latents.asked import Asked
from jaxgan.latents.space import Codes, Space
from jaxgan.run import files

Directions = Float[np.ndarray, "_k _size"]


@dataclass(frozen=True, kw_only=True)
class FindDirections(Asked):
    """Finds the directions that change images most, and shows them for one seed."""

    method: Literal["sefa", "ganspace"] = "sefa"
    """Method. sefa: from the weights of the layers that take codes. ganspace: principal components
    of many codes."""
    n: int = 5
    """Number of directions, strongest first."""
    strength: float = 3.0
    """Largest distance that codes move along a direction, to both sides."""
    columns: int = 7
    """Number of images per direction."""
    seed: int = 0
    """Seed of the central code."""
    codes: int = 10_000
    """Number of codes that GANSpace draws."""
    out: str
    """Output FILE.png with one row per direction."""
    save: str | None = None
    """Output FILE.npz for the directions, to be used by ``attribute --direction``."""

    def __call__(self, space: Space) -> str:
        """Writes the sheet and the directions; returns a line that says so."""
        path = output.check(self.out)
        save = output.check(self.save, (".npz",)) if self.save else None
        if not 1 <= self.n <= space.size:
            raise InputError(f"n: {self.n} is not in 1 to {space.size}, the numbers of a code")
        if self.columns < 2 or self.codes <= space.size:
            raise InputError(f"columns: use 2 at least, and more than {space.size} codes")
        found = sefa(space) if self.method == "sefa" else ganspace(space, self.codes)
        found = found[: self.n]
        if save:
            write(save, found, space.name, self.method)
        steps = np.linspace(-self.strength, self.strength, self.columns)
        moved = np.stack([along(space.of_seeds([self.seed]), d, steps)[0] for d in found])
        images = space.images(moved.reshape(-1, space.size))
        blocks = images.reshape(len(found), self.columns, *images.shape[1:])
        rows = [f"{self.method} {i}" for i in range(self.n)]
        output.write_rows(path, blocks, [f"{s:+.1f}" for s in steps], rows)
        return f"{self.n} directions in {space.name}"


def sefa(space: Space) -> Directions:
    """Eigenvectors of A^T A, largest eigenvalue first, with A from :func:`matrix`.

    Reference: Shen and Zhou 2021, Closed-Form Factorization of Latent Semantics, equation 5.
    """
    return np.linalg.svd(matrix(space), full_matrices=False)[2]


def ganspace(space: Space, n: int, seed: int = 0) -> Directions:
    """Principal components of ``n`` codes.

    Normal codes are isotropic and have no principal components of their own. For them, V are the
    components of the first layer's outputs y = A z + b. A least-squares fit of z by the coordinates
    V^T (y - mean y) maps them back to the latent space.

    Reference: Haerkoenen et al. 2020, GANSpace, sections 2.2 and 2.3.
    """
    codes = space.drawn(n, seed).astype(np.float64)
    if not space.code.sphere:
        return np.linalg.svd(codes - codes.mean(0), full_matrices=False)[2]
    y = (codes - codes.mean(0)) @ np.asarray(
        np.linalg.qr(matrix(space), mode="r")
    ).T  # in a basis of A's range
    coordinates = y @ np.linalg.svd(y, full_matrices=False)[2].T
    fitted = np.linalg.lstsq(coordinates, codes - codes.mean(0), rcond=None)[0]
    return fitted / np.linalg.norm(fitted, axis=1, keepdims=True)


def matrix(space: Space) -> Float[np.ndarray, "outputs size"]:
    """The matrix A of the layers that are affine in the codes, h(z) = A z + b, stacked."""
    outputs = space.entering(np.concatenate([np.eye(space.size), np.zeros((1, space.size))]))
    return (outputs[:-1] - outputs[-1]).T


def along(codes: Codes, direction: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Codes moved along a direction: (n, steps, size)."""
    return codes[:, None] + steps[None, :, None] * direction


def write(path: Path, directions: Directions, code: str, name: str) -> None:
    """Writes directions, the name of their codes, and their own name."""
    files.write_npz(
        path, {"directions": directions, "code": np.array(code), "name": np.array(name)}
    )


def read(file: str, space: Space) -> tuple[Directions, str]:
    """The directions of a file, and their name.

    Raises:
      InputError: it is no such file, or its directions are for other codes than the run's.
    """
    try:
        with np.load(file, allow_pickle=False) as arrays:
            found, code, name = (arrays[k] for k in ("directions", "code", "name"))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"direction: {file} is no file of directions ({first_line(error)}): make one by"
            " directions --save or attribute --save"
        ) from None
    if str(code) != space.name or found.ndim != 2 or found.shape[1] != space.size:
        raise InputError(
            f"direction: {file} is of {found.shape[-1]} numbers of {code}, and the run's codes"
            f" {space.name} have {space.size}"
        )
    return found, str(name)
