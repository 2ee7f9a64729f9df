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
    """Interpolates from seed to seed: along great circles for normal codes, else along lines."""

    seeds: tuple[int, ...] = (0, 1)
    """Seeds of the path, at least two."""
    frames: int = 10
    """Number of images from one seed to the next."""
    rate: int = 15
    """Frames per second of a film."""
    out: str
    """Output: FILE.png with one row per pair of seeds; FILE.gif or FILE.mp4 for a film."""

    def __call__(self, space: Space) -> str:
        """Writes the path; returns a line that says so."""
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
    """Truncations, one per row."""
    n: int = 10
    """Number of images per row."""
    seed: int = 0
    """Seed of the latent codes."""
    out: str
    """Output FILE.png."""

    def __call__(self, space: Space) -> str:
        """Writes the sheet; returns a line that says so."""
        path = output.check(self.out)
        if self.n < 1 or not self.at:
            raise InputError("n: use 1 at least, and one truncation or more")
        rows = [space.opened.sample(self.n, self.label, self.seed, t) for t in self.at]
        output.write_rows(path, np.stack(rows), (), [f"{t:g}" for t in self.at])
        return f"{len(rows)} truncations of {self.n} images"


def between(codes: Codes, frames: int, sphere: bool) -> np.ndarray:
    """``frames`` codes from each code to the next, ends included: (n - 1, frames, size).

    ``sphere``: along great circles, which keeps the norm if both ends have the same norm.
    """
    path, t = slerp if sphere else lerp, jnp.linspace(0.0, 1.0, frames)
    ends = [(jnp.broadcast_to(c, (frames, *c.shape)) for c in pair) for pair in pairwise(codes)]
    return np.stack([np.asarray(path(a, b, t)) for a, b in ends])
