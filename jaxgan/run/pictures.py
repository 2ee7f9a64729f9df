"""Sample sheets and loss curves as PNG files."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from jaxgan.system.files import write_whole

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

SMALLEST = 9
"""Smallest legible font size in pixels."""
NAME = 120
"""Largest width of a row's name in pixels."""
WIDTH = 560
"""Smallest total width in pixels of a sheet's images; small images are enlarged."""
HEIGHT = 1000
"""Largest total height in pixels of enlarged images."""


def grid(images: np.ndarray, gap: int = 2, titles: Sequence[str] = ()) -> np.ndarray:
    """Arranges images of one size in one picture.

    Args:
      images: uint8, shape (rows, columns, h, w, c).
      gap: white pixels between the cells.
      titles: one per column, written above it; (): none.

    Returns:
      uint8, shape (height, width, c).

    Raises:
      ValueError: the numbers of titles and columns differ.
    """
    cells = [images[:, j] for j in range(images.shape[1])]
    if not titles:
        return _below(cells, gap)
    groups = [(title, [cell]) for title, cell in zip(titles, cells, strict=True)]
    return _titled(groups, gap)


def sheet(columns: Mapping[str, np.ndarray], gap: int = 2, rows: Sequence[str] = ()) -> np.ndarray:
    """Draws the columns that a method's ``show`` returns as one picture.

    Args:
      columns: columns by title ("": no title). uint8 images (rows, h, w, c), a block of uint8
        images (rows, columns, h, w, c), or float curves (rows, length), drawn as small plots.
      gap: white pixels between the cells.
      rows: a name for each row, written to its left; (): none.

    Returns:
      uint8, shape (height, width, c). Images are enlarged by whole numbers: small ones towards the
      height of the tallest, then all together towards :data:`WIDTH`.
    """
    groups = [(title, _cells(column)) for title, column in columns.items()]
    cells = [cell for _, cells in groups for cell in cells]
    count, height, _, channels = (max(cell.shape[axis] for cell in cells) for axis in range(4))
    groups = [
        (title, [_fitted(cell, count, height, channels) for cell in cells])
        for title, cells in groups
    ]
    if all(column.ndim > 2 for column in columns.values()):  # plots are never enlarged
        width = sum(cell.shape[2] for _, cells in groups for cell in cells)
        scale = max(min(-(-WIDTH // width), HEIGHT // (count * height)), 1)
        groups = [(title, [_enlarged(cell, scale) for cell in cells]) for title, cells in groups]
    below = _below([cell for _, cells in groups for cell in cells], gap)
    picture = _titled(groups, gap) if any(columns) else below
    return _named(picture, rows, len(below), gap) if rows else picture


def _enlarged(cells: np.ndarray, scale: int) -> np.ndarray:
    """Images (n, h, w, c), each pixel repeated ``scale`` x ``scale`` times."""
    return cells.repeat(scale, axis=1).repeat(scale, axis=2)


def _named(picture: np.ndarray, names: Sequence[str], height: int, gap: int) -> np.ndarray:
    """Adds a name to the left of each row; the rows are the last ``height`` pixels."""
    row = (height + gap) // len(names)
    font = ImageFont.load_default(min(max(row // 3, SMALLEST), 16))
    wrapped = [_wrapped(name, font, NAME) for name in names]
    room = max(round(font.getlength(line)) for lines in wrapped for line in lines) + 12
    strip = Pillow.new("L", (room, len(picture)), 255)
    draw = ImageDraw.Draw(strip)
    for i, lines in enumerate(wrapped):
        middle = len(picture) - height + i * row + (row - gap) / 2
        text = "\n".join(lines)
        draw.multiline_text((room - 6, middle), text, fill=0, font=font, anchor="rm", align="right")
    beside = np.full((*strip.size[::-1], picture.shape[2]), 255, np.uint8)
    beside[..., :3] = np.asarray(strip)[..., None]
    return np.concatenate([beside, picture], axis=1)


def _cells(column: np.ndarray) -> list[np.ndarray]:
    """Splits one entry of a sheet into columns of images, uint8 (rows, h, w, c)."""
    if column.ndim == 2:
        return [_plots(column)]
    return [column] if column.ndim == 4 else [column[:, j] for j in range(column.shape[1])]


def _fitted(cell: np.ndarray, rows: int, height: int, channels: int) -> np.ndarray:
    """A column on white with the given channels, enlarged by a whole number to fit the height."""
    cell = _enlarged(cell, height // cell.shape[1])
    n, h, w, c = cell.shape
    out = np.full((rows, height, w, channels), 255, np.uint8)
    out[:n, (height - h) // 2 :][:, :h, :, : max(c, min(channels, 3))] = cell
    return out


def _plots(curves: np.ndarray) -> np.ndarray:
    """Each curve as a plot, uint8 (rows, h, w, 3), all with the same y axis."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    pictures = []
    for curve in curves:
        figure = Figure(figsize=(2.4, 1.2), dpi=80, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.plot(curve, linewidth=1)
        axes.set_ylim(*_limits(curves))
        axes.tick_params(labelsize=6)
        canvas.draw()
        pictures.append(np.asarray(canvas.buffer_rgba())[..., :3])
    return np.stack(pictures)


def _limits(curves: np.ndarray) -> tuple[float, float]:
    finite = curves[np.isfinite(curves)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    margin = 0.05 * (high - low) or 1.0
    return float(low - margin), float(high + margin)


def _below(cells: Sequence[np.ndarray], gap: int) -> np.ndarray:
    """Columns of images of one height, side by side."""
    rows, h, _, c = cells[0].shape
    height, width = rows * (h + gap) - gap, sum(cell.shape[2] + gap for cell in cells) - gap
    picture = np.full((height, width, c), 255, np.uint8)
    left = 0
    for cell in cells:
        for i, image in enumerate(cell):
            picture[i * (h + gap) :][:h, left : left + cell.shape[2]] = image
        left += cell.shape[2] + gap
    return picture


def _titled(groups: Sequence[tuple[str, Sequence[np.ndarray]]], gap: int) -> np.ndarray:
    """Groups of columns with a title above each."""
    picture = _below([cell for _, cells in groups for cell in cells], gap)
    titles, left = [], 0
    for title, cells in groups:
        width = sum(cell.shape[2] + gap for cell in cells) - gap
        titles += [(title, left + width / 2, width)] if title else []
        left += width + gap
    strip = _strip(titles, picture.shape[1])
    above = np.full((len(strip), *picture.shape[1:]), 255, np.uint8)
    above[..., :3] = strip[..., None]
    return np.concatenate([above, picture])


def in_rows(images: np.ndarray, columns: int = 10) -> np.ndarray:
    """Images (n, h, w, c) as (rows, columns, h, w, c), the last row filled up with white."""
    columns = min(columns, len(images))
    blank = np.full((-len(images) % columns, *images.shape[1:]), 255, np.uint8)
    return np.concatenate([images, blank]).reshape(-1, columns, *images.shape[1:])


def _strip(titles: Sequence[tuple[str, float, int]], width: int) -> np.ndarray:
    """Titles in black on white, uint8 (height, width); each comes with its centre and its width.

    The font shrinks to fit titles on one line, down to :data:`SMALLEST`; then they are wrapped.
    """
    rooms = {title: max(room - max(4, room // 16), 1) for title, _, room in titles}
    size = min(max(min(room for *_, room in titles) // 10, 13), 26)
    font = ImageFont.load_default(size)
    while size > SMALLEST and any(font.getlength(t) > room for t, room in rooms.items()):
        size -= 1
        font = ImageFont.load_default(size)
    texts = [_wrapped(title, font, rooms[title]) for title, *_ in titles]
    line = round(1.3 * size)
    strip = Pillow.new("L", (width, line * max(map(len, texts)) + size // 2), 255)
    draw = ImageDraw.Draw(strip)
    for (_, centre, _), lines in zip(titles, texts, strict=True):
        for i, text in enumerate(reversed(lines)):
            place = (centre, strip.height - size // 2 - i * line)
            draw.text(place, text, fill=0, font=font, anchor="ms")
    return np.asarray(strip)


def _wrapped(title: str, font: Font, room: int) -> list[str]:
    """Wraps to the fewest lines no wider than ``room``; breaks a word only if it is too wide."""
    for letters in range(len(title), 0, -1):
        lines = textwrap.wrap(title, letters)
        if max(map(font.getlength, lines)) <= room:
            return lines
    return list(title)


def shrunk(image: np.ndarray, side: int) -> np.ndarray:
    """Shrinks uint8 (h, w, c) until no side exceeds ``side``; keeps the aspect ratio."""
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
    """Stacks images of any size as uint8 (n, h, w, c), each centred in a white cell."""
    height, width = (max(image.shape[axis] for image in images) for axis in (0, 1))
    cells = np.full((len(images), height, width, images[0].shape[-1]), 255, np.uint8)
    for cell, image in zip(cells, images, strict=True):
        h, w = image.shape[:2]
        top, left = (height - h) // 2, (width - w) // 2
        cell[top : top + h, left : left + w] = image
    return cells


def write_png(path: Path, image: np.ndarray) -> None:
    """Writes uint8 (h, w, 1, 3 or 4) atomically."""
    picture = Pillow.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    write_whole(path, lambda file: picture.save(file, "PNG"))


def write_curves(path: Path, records: Sequence[Mapping[str, float | int]]) -> None:
    """Plots every ``*_loss`` in the records against the number of images seen.

    For a population: the mean, with a band of one standard deviation.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4))  # fixed margins: an automatic layout would draw it twice
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(xlabel="images seen", ylabel="loss")
    names = sorted({name for record in records for name in record if name.endswith("_loss")})
    for name in names:
        points = [(r["images"], r[name]) for r in records if name in r]
        label = name.removesuffix("_loss")
        (line,) = axes.plot(*zip(*points, strict=True), label=label, linewidth=1)
        band = [(r["images"], r[name], r[f"{name}_std"]) for r in records if f"{name}_std" in r]
        if band:
            images, mean, deviation = np.array(band, np.float64).T
            color = line.get_color()
            axes.fill_between(images, mean - deviation, mean + deviation, color=color, alpha=0.2)
    if names:
        axes.legend()
    axes.grid(alpha=0.3)
    write_whole(path, lambda file: figure.savefig(file, dpi=120, format="png"))
