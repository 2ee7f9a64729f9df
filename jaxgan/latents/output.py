"""Writes sheets and films; the file's suffix selects PNG, GIF or MP4."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from jaxgan.errors import InputError
from jaxgan.run import files
from jaxgan.run.pictures import sheet

FILMS = (".gif", ".mp4")

ENLARGED = 256
"""Approximate side in pixels to which a film is enlarged by a whole number."""


def check(out: str, suffixes: Sequence[str] = (".png",)) -> Path:
    """The path of the file to write.

    Raises:
      InputError: its suffix is not one of ``suffixes``, or a film needs a missing package.
    """
    path = Path(out)
    if path.suffix not in suffixes:
        *most, last = suffixes
        known = f"{', '.join(most)} or {last}" if most else last
        raise InputError(f"out: {out} does not end in {known}")
    if path.suffix == ".mp4":
        _ffmpeg()
    return path


def write_rows(path: Path, images: np.ndarray, columns: Sequence[str], rows: Sequence[str]) -> None:
    """Writes a sheet of images, uint8 (rows, columns, h, w, c), with titles and row names."""
    titled = {title: images[:, i] for i, title in enumerate(columns)}
    files.write_image(path, sheet(titled if columns else {"": images}, rows=rows))


def write_film(path: Path, images: np.ndarray, rate: int) -> None:
    """Writes images, uint8 (n, h, w, c), as a film with ``rate`` frames per second; GIFs loop."""
    scale = max(1, ENLARGED // images.shape[1])
    frames = images.repeat(scale, axis=1).repeat(scale, axis=2)
    frames = frames.repeat(3, axis=3) if frames.shape[3] == 1 else frames[..., :3]
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gif":
        first, *others = (Pillow.fromarray(frame) for frame in frames)
        first.save(path, save_all=True, append_images=others, duration=round(1000 / rate), loop=0)
        return
    with warnings.catch_warnings():  # harmless: the forked child runs ffmpeg at once, and not JAX
        warnings.filterwarnings("ignore", r"os\.fork", RuntimeWarning)
        _write_mp4(path, frames, rate)


def _write_mp4(path: Path, frames: np.ndarray, rate: int) -> None:
    height, width = frames.shape[1:3]
    writer = _ffmpeg().write_frames(str(path), (width, height), fps=rate, macro_block_size=2)
    writer.send(None)
    for frame in frames:
        writer.send(np.ascontiguousarray(frame))
    writer.close()


def _ffmpeg() -> Any:
    try:
        import imageio_ffmpeg  # Imported late: only films need it.
    except ImportError:
        raise InputError(
            "out: an .mp4 needs the package imageio-ffmpeg: pip install 'jaxgan[video]', or write a"
            " .gif"
        ) from None
    return imageio_ffmpeg
