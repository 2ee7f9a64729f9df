"""Decodes images to uint8 with 1, 3 or 4 channels."""

import io
from pathlib import Path

import numpy as np
from jaxtyping import Integer, UInt8
from PIL import ExifTags, Image, ImageOps

from jaxgan.data.examples import Pixels, UnreadableImageError
from jaxgan.errors import first_line


def decode(encoded: bytes | Path, name: str) -> Pixels:
    """Decodes a file or its bytes, and applies its EXIF orientation.

    Grey stays grey (1 channel); RGB, CMYK and palettes become RGB (3); images with transparency
    become RGBA (4). 16-bit grey is scaled to 8 bits. An animation gives its first frame.

    Raises:
      UnreadableImageError: the file is damaged, truncated or no image; the message has ``name``.
    """
    try:
        with Image.open(io.BytesIO(encoded) if isinstance(encoded, bytes) else encoded) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I"):  # "I;16", "I;16B", or "I", which holds 16 bits too.
                return to_bytes(np.clip(np.asarray(image), 0, 65535).astype(np.uint16)[..., None])
            if image.mode == "F":
                raise ValueError("its pixels are floats: store 8 or 16 bits")
            pixels = np.array(image.convert(_MODES[_channels(image)]))
    except Exception as error:  # Pillow raises almost any exception on damaged bytes.
        raise UnreadableImageError(f"{name} ({first_line(error)})") from error
    return pixels[..., None] if pixels.ndim == 2 else pixels


def channels_of(path: Path) -> int:
    """The number of channels that :func:`decode` returns, from the file's header only.

    Raises:
      UnreadableImageError: the file is no image.
    """
    try:
        with Image.open(path) as image:
            return _channels(image)
    except Exception as error:  # As above.
        raise UnreadableImageError(str(path)) from error


def size_of(path: Path) -> tuple[int, int]:
    """(height, width) from the file's header, after its EXIF orientation.

    (0, 0) if the file is no image; :func:`decode` then raises the reason.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            # Without this check, Pillow would decode a whole PNG file to look for EXIF data.
            exif = image.getexif() if "exif" in image.info else {}
            turned = exif.get(ExifTags.Base.Orientation, 1) >= 5
    except Exception:  # Pillow raises almost any exception.
        return 0, 0
    return (width, height) if turned else (height, width)


def to_bytes(values: Integer[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """``round(v / 257)`` for uint16, which maps 65535 to 255; uint8 is unchanged."""
    if values.dtype == np.uint8:
        return values
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def _channels(image: Image.Image) -> int:
    if image.has_transparency_data:
        return 4
    return 1 if image.mode[0] in "1LIF" else 3
