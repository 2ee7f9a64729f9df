"""Style mixing: some layers use the style of one seed, the other layers that of another seed.

Karras et al. 2019, "A style-based generator architecture", section 3.1 and figure 3.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from jaxgan.errors import InputError
from jaxgan.latents import output
from jaxgan.latents.asked import Asked
from jaxgan.latents.space import Codes, Space


@dataclass(frozen=True, kw_only=True)
class Mix(Asked):
    """Draws a grid: each image has the row's style, except in layers with the column's style."""

    rows: tuple[int, ...] = (0, 1, 2, 3)
    """Seeds of the rows; their images are on the left."""
    columns: tuple[int, ...] = (4, 5, 6, 7, 8, 9)
    """Seeds of the columns; their images are at the top."""
    layers: tuple[int, ...] = ()
    """Layers, from 0, with the column's style. The first (coarse) layers control pose and shape,
    the last (fine) layers colours. Empty: the first quarter; at 16 px, the 4 px layer only."""
    out: str
    """Output FILE.png."""

    def __call__(self, space: Space) -> str:
        """Writes the grid; returns a line that says so."""
        path, count = output.check(self.out), space.code.layers
        if not count:
            raise InputError(
                f"code: all layers of this run have one {space.name}; mix needs a generator with a"
                " style for each layer, such as StyleGAN2's"
            )
        chosen = self.layers or tuple(range(count // 4))
        if not self.rows or not self.columns or not {*chosen} <= {*range(count)}:
            raise InputError(
                f"layers: use layers from 0 to {count - 1}, and a seed or more of rows and columns"
            )
        rows, columns = space.of_seeds(self.rows), space.of_seeds(self.columns)
        images = space.images(mixed(rows, columns, chosen, count).reshape(-1, count, space.size))
        inner = images.reshape(len(rows), len(columns), *images.shape[1:])
        left, top = space.images(rows)[:, None], space.images(columns)[None]
        top = np.concatenate([np.zeros_like(top[:, :1]), top], axis=1)
        grid = np.concatenate([top, np.concatenate([left, inner], axis=1)])
        titles = ["", *(f"seed {seed}" for seed in self.columns)]
        output.write_rows(path, grid, titles, ["", *(f"seed {seed}" for seed in self.rows)])
        return f"layers {', '.join(map(str, chosen))} of {count} have the style of the column"


def mixed(
    rows: Codes, columns: Codes, layers: tuple[int, ...], count: int
) -> Float[np.ndarray, "_rows _columns _layers _size"]:
    """Codes per row, column and layer: the column's code at ``layers``, else the row's code."""
    chosen = np.isin(np.arange(count), layers)[None, None, :, None]
    return np.where(chosen, columns[None, :, None], rows[:, None, None])
