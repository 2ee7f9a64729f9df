"""Reads one image file that a user names."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from jaxgan.data.examples import UnreadableImageError
from jaxgan.data.images.decode import decode
from jaxgan.data.images.resize import fit_longer, to_channels
from jaxgan.errors import InputError, first_line

SMALLEST = 8
"""Smallest allowed side in pixels."""


def read_rgb(path: str, field: str, side: int) -> UInt8[np.ndarray, "height width 3"]:
    """Reads an image in RGB and resizes its longer side to ``side`` pixels.

    Args:
      path: the file.
      field: the option that names it, for errors.
      side: the longer side in pixels.

    Raises:
      InputError: there is no such file, it is no image, or it becomes too narrow.
    """
    if not Path(path).is_file():
        raise InputError(f"{field}: there is no file {path}; name an image")
    try:
        pixels = decode(Path(path), path)
    except UnreadableImageError as error:
        raise InputError(f"{field}: cannot read {first_line(error)}; name an image") from None
    pixels = fit_longer(to_channels(pixels, 3), side)
    if min(pixels.shape[:2]) < SMALLEST:
        raise InputError(
            f"size: {path} becomes {pixels.shape[1]}x{pixels.shape[0]} pixels, and {SMALLEST} are"
            " the least on a side: use a larger size or another image"
        )
    return pixels
