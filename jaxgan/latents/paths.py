"""Paths between the codes of seeds, and samples at several truncations."""

from dataclasses import dataclass
from itertools import pairwise

import jax.numpy as jnp
import numpy as np

from jaxgan.errors import InputError
from jaxgan.latents import output
from jaxgan.latents.asked import Asked
from jaxgan.latents.space import Codes, Space
from jaxgan.metrics.path_length import lerp, slerp


@dataclass(frozen=True, kw_only=True)
class Interpolate(Asked):
    """Goes from seed to seed: along a sphere where codes are normal, else along lines."""

    seeds: tuple[int, ...] = (0, 1)
    """Two seeds or more."""
    frames: int = 10
    """Images from one seed to the next."""
    rate: int = 15
    """Frames a second of a film."""
    out: str
    """FILE.png has a row for each two seeds; FILE.gif and FILE.mp4 are films."""

    def __call__(self, space: Space) -> str:
        """Writes the path; returns what was done."""
        if len(self.seeds) < 2 or self.frames < 2 or self.rate < 1:
            raise InputError("seeds: a path needs two seeds, frames 2 and rate 1 at least")
        path = output.check(self.out, (".png", *output.FILMS))
        codes = between(space.of_seeds(self.seeds), self.frames, space.code.sphere)
        images = space.images(codes.reshape(-1, codes.shape[-1]))
        if path.suffix == ".png":
            rows = [f"{a} to {b}" for a, b in pairwise(self.seeds)]
            blocks = images.reshape(len(rows), self.frames, *images.shape[1:])
            output.write_rows(path, blocks, (), rows)
        else:
            output.write_film(path, images, self.rate)
        return f"{len(images)} images from seed to seed"


@dataclass(frozen=True, kw_only=True)
class Truncate(Asked):
    """Draws the same seed at several truncations: less variety, better images."""

    at: tuple[float, ...] = (2.0, 1.0, 0.7, 0.4, 0.0)
    """Truncations, a row each."""
    n: int = 10
    """Images a row."""
    seed: int = 0
    """Seed of the latent codes."""
    out: str
    """FILE.png."""

    def __call__(self, space: Space) -> str:
        """Writes the sheet; returns what was done."""
        path = output.check(self.out)
        if self.n < 1 or not self.at:
            raise InputError("n: use 1 at least, and one truncation or more")
        rows = [space.opened.sample(self.n, self.label, self.seed, t) for t in self.at]
        output.write_rows(path, np.stack(rows), (), [f"{t:g}" for t in self.at])
        return f"{len(rows)} truncations of {self.n} images"


def between(codes: Codes, frames: int, sphere: bool) -> np.ndarray:
    """``frames`` codes from each code to the next, ends included: (n - 1, frames, size).

    ``sphere``: along great circles, which keeps the norm where both ends have it.
    """
    path, t = slerp if sphere else lerp, jnp.linspace(0.0, 1.0, frames)
    ends = [(jnp.broadcast_to(c, (frames, *c.shape)) for c in pair) for pair in pairwise(codes)]
    return np.stack([np.asarray(path(a, b, t)) for a, b in ends])
