"""Pictures for people: sample sheets and loss curves, as PNG."""

import os
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

SMALLEST = 9
"""Pixels of the smallest letters that are easily read."""


def grid(images: np.ndarray, gap: int = 2, titles: Sequence[str] = ()) -> np.ndarray:
    """One picture of a sheet.

    Args:
      images: uint8, shape (rows, columns, h, w, c).
      gap: white pixels between the cells.
      titles: one a column, written above it; () writes none.

    Returns:
      uint8, shape (height, width, c).

    Raises:
      ValueError: for more or fewer titles than columns.
    """
    rows, columns, h, w, c = images.shape
    sheet = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap, c), 255, np.uint8)
    for i in range(rows):
        for j in range(columns):
            top, left = i * (h + gap), j * (w + gap)
            sheet[top : top + h, left : left + w] = images[i, j]
    if not titles:
        return sheet
    centres = [j * (w + gap) + w / 2 for j in range(columns)]
    strip = _strip(dict(zip(centres, titles, strict=True)), w, sheet.shape[1])
    above = np.full((len(strip), *sheet.shape[1:]), 255, np.uint8)
    above[..., :3] = strip[..., None]
    return np.concatenate([above, sheet])


def _strip(titles: Mapping[float, str], cell: int, width: int) -> np.ndarray:
    """Titles in black on white, uint8 (height, width), by their centres.

    In one line if letters that are easily read allow it, else on as many as it takes.
    """
    room = max(cell - max(4, cell // 16), 1)
    size = max(cell // 10, 13)
    font = ImageFont.load_default(size)
    while size > SMALLEST and max(map(font.getlength, titles.values())) > room:
        size -= 1
        font = ImageFont.load_default(size)
    texts = [_wrapped(title, font, room) for title in titles.values()]
    line = round(1.3 * size)
    strip = Pillow.new("L", (width, line * max(map(len, texts)) + size // 2), 255)
    draw = ImageDraw.Draw(strip)
    for centre, lines in zip(titles, texts, strict=True):
        for i, text in enumerate(reversed(lines)):
            place = (centre, strip.height - size // 2 - i * line)
            draw.text(place, text, fill=0, font=font, anchor="ms")
    return np.asarray(strip)


def _wrapped(title: str, font: Font, room: int) -> list[str]:
    """The fewest lines no wider than ``room``; a word is broken where it alone is wider."""
    for letters in range(len(title), 0, -1):
        lines = textwrap.wrap(title, letters)
        if max(map(font.getlength, lines)) <= room:
            return lines
    return list(title)


def shrunk(image: np.ndarray, side: int) -> np.ndarray:
    """uint8 (h, w, c) with neither side above ``side``, its aspect ratio kept; never enlarged."""
    height, width, channels = image.shape
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = Pillow.fromarray(image[..., 0] if channels == 1 else image)
    return np.asarray(picture.resize(size, Pillow.Resampling.BICUBIC)).reshape(
        *size[::-1], channels
    )


def letterboxed(images: Sequence[np.ndarray]) -> np.ndarray:
    """uint8 (n, h, w, c) of images of any sizes: each in the middle of a white cell."""
    height, width = (max(image.shape[axis] for image in images) for axis in (0, 1))
    cells = np.full((len(images), height, width, images[0].shape[-1]), 255, np.uint8)
    for cell, image in zip(cells, images, strict=True):
        h, w = image.shape[:2]
        top, left = (height - h) // 2, (width - w) // 2
        cell[top : top + h, left : left + w] = image
    return cells


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
