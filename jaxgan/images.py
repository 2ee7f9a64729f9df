"""Pictures for people: sample sheets and loss curves, as PNG."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Pillow


def grid(images: np.ndarray, gap: int = 2) -> np.ndarray:
    """One picture of a sheet.

    Args:
      images: uint8, shape (rows, columns, h, w, c).
      gap: white pixels between the cells.

    Returns:
      uint8, shape (height, width, c).
    """
    rows, columns, h, w, c = images.shape
    sheet = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap, c), 255, np.uint8)
    for i in range(rows):
        for j in range(columns):
            top, left = i * (h + gap), j * (w + gap)
            sheet[top : top + h, left : left + w] = images[i, j]
    return sheet


def write_png(path: Path, image: np.ndarray) -> None:
    """Writes uint8 (h, w, 1, 3 or 4), whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    Pillow.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(part, "PNG")
    os.replace(part, path)


def write_curves(path: Path, records: Sequence[Mapping[str, float | int]]) -> None:
    """Draws every ``*_loss`` in the records over the images seen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(xlabel="images seen", ylabel="loss")
    names = sorted({name for record in records for name in record if name.endswith("_loss")})
    for name in names:
        points = [(r["images"], r[name]) for r in records if name in r]
        axes.plot(*zip(*points, strict=True), label=name.removesuffix("_loss"), linewidth=1)
    if names:
        axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
