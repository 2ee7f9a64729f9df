"""Attribute vectors: the mean of codes with an attribute minus that of codes without it.

Radford et al. 2016, section 6.3.2 (smiling woman - neutral woman + neutral man); GANs in Action,
chapter 6.
"""

from dataclasses import dataclass

import numpy as np

from jaxgan.errors import InputError
from jaxgan.latents import directions, output
from jaxgan.latents.asked import Asked
from jaxgan.latents.space import Codes, Space


@dataclass(frozen=True, kw_only=True)
class Attribute(Asked):
    """Finds the direction of an attribute from seeds, or loads a direction, and applies it."""

    having: tuple[int, ...] = ()
    """Seeds whose images have the attribute."""
    lacking: tuple[int, ...] = ()
    """Seeds whose images do not."""
    name: str = "attribute"
    """Name of the attribute."""
    direction: str | None = None
    """Saved direction, FILE.npz of an earlier ``attribute`` or ``directions``, instead of seeds."""
    index: int = 0
    """Index of the direction in that file."""
    save: str | None = None
    """Output FILE.npz for the direction."""
    seeds: tuple[int, ...] = (0, 1, 2, 3)
    """Seeds to which the direction is applied, one per row."""
    strength: float = 3.0
    """Largest distance that codes move along the direction, to both sides."""
    columns: int = 7
    """Number of images per seed."""
    out: str
    """Output FILE.png."""

    def __call__(self, space: Space) -> str:
        """Writes the sheet and the direction; returns a line that says so."""
        path = output.check(self.out)
        save = output.check(self.save, (".npz",)) if self.save else None
        if self.columns < 2 or not self.seeds:
            raise InputError("columns: use 2 at least, and one seed or more")
        direction, name = self._direction(space)
        if save:
            directions.write(save, direction[None], space.name, name)
        steps = np.linspace(-self.strength, self.strength, self.columns)
        moved = directions.along(space.of_seeds(self.seeds), direction, steps)
        images = space.images(moved.reshape(-1, space.size))
        blocks = images.reshape(len(self.seeds), self.columns, *images.shape[1:])
        rows = [f"seed {seed}" for seed in self.seeds]
        output.write_rows(path, blocks, [f"{s:+.1f}" for s in steps], rows)
        return f"{name} along {len(self.seeds)} seeds"

    def _direction(self, space: Space) -> tuple[np.ndarray, str]:
        if self.direction is None:
            if not self.having or not self.lacking:
                raise InputError(
                    "having: name seeds whose images have the attribute, and in lacking those that"
                    " do not, such as --having 3 8 --lacking 1 4; or a saved --direction FILE.npz"
                )
            with_it, without = (space.of_seeds(seeds) for seeds in (self.having, self.lacking))
            return attribute(with_it, without), self.name
        if self.having or self.lacking:
            raise InputError("direction: a saved direction and seeds; leave one of them out")
        found, name = directions.read(self.direction, space)
        if not 0 <= self.index < len(found):
            raise InputError(f"index: {self.index} is not in 0 to {len(found) - 1}")
        return found[self.index], name


def attribute(having: Codes, lacking: Codes) -> np.ndarray:
    """The unit vector from the mean of codes without an attribute to the mean of codes with it.

    Raises:
      InputError: both means are equal.
    """
    difference = having.mean(0) - lacking.mean(0)
    length = np.linalg.norm(difference)
    if not length > 0:
        raise InputError("having: the seeds have the same mean as those in lacking; use others")
    return difference / length
