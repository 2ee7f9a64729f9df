"""Size, crop and channels of images on the host."""

from typing import Any, TypeAlias

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from jaxgan.data.examples import Pixels
from jaxgan.errors import InputError

CENTRE = 2**15
"""Position of a centred window: the fraction 1/2 of the margin, times 2^16."""

Mask: TypeAlias = UInt8[np.ndarray, "_height _width"]
"""Class index of each pixel, on the host."""

_LUMA = np.array([299, 587, 114], np.uint32)
"""ITU-R 601 luma, in thousandths."""


def fit(image: Pixels, side: int) -> Pixels:
    """Resizes ``image`` so that its shorter side has ``side`` pixels; keeps the aspect ratio.

    The filter is bicubic, with antialiasing when it shrinks; colours are weighted by opacity.
    """
    return _resized(image, side, Image.Resampling.BICUBIC)


def fit_longer(image: Pixels, side: int) -> Pixels:
    """As :func:`fit`, but the longer side has ``side`` pixels."""
    height, width = image.shape[:2]
    long = max(height, width)
    if long == side:
        return image
    return _scaled(image, (max(round(width * side / long), 1), max(round(height * side / long), 1)))


def fit_mask(mask: Mask, side: int) -> Mask:
    """As :func:`fit`, but by nearest neighbour, so that classes are not mixed."""
    return _resized(mask[..., None], side, Image.Resampling.NEAREST)[..., 0]


def fit_all(
    images: UInt8[np.ndarray, "n height width channels"], side: int
) -> UInt8[np.ndarray, "n height2 width2 channels"]:
    """:func:`fit` of each image, equal to the bit, but faster.

    The filter is separable. For a square image Pillow resizes the rows first, so one call resizes
    the rows of all square images, and a second call their columns.
    """
    n, height, width, channels = images.shape
    if height != width or channels == 4:  # opacity weighs colours in both directions together
        return np.stack([fit(image, side) for image in images])
    rows = _scaled(images.reshape(n * height, width, channels), (side, n * height))
    columns = rows.reshape(n, height, side, channels).swapaxes(0, 1)
    columns = _scaled(columns.reshape(height, n * side, channels), (n * side, side))
    return columns.reshape(side, n, side, channels).swapaxes(0, 1)


def _resized(image: Pixels, side: int, filter: Image.Resampling) -> Pixels:
    height, width = image.shape[:2]
    return (
        image if min(height, width) == side else _scaled(image, _size(height, width, side), filter)
    )


def _size(height: int, width: int, side: int) -> tuple[int, int]:
    """Width and height of the image whose shorter side becomes ``side``."""
    short = min(height, width)
    return max(side, round(width * side / short)), max(side, round(height * side / short))


def _scaled(
    image: Pixels, size: tuple[int, int], filter: Image.Resampling = Image.Resampling.BICUBIC
) -> Pixels:
    grey = image.shape[-1] == 1
    picture = Image.fromarray(np.ascontiguousarray(image[..., 0] if grey else image))
    resized = np.asarray(picture.resize(size, filter))
    return resized[..., None] if grey else resized


def offset(fraction: Any, room: int) -> Any:
    """First pixel of a window; a uniform fraction makes all ``room + 1`` positions equally likely.

    Args:
      fraction: fraction in [0, 1) times 2^16: int32 of NumPy or JAX, or a Python int.
      room: side of the image minus side of the window, in pixels.
    """
    return (fraction * (room + 1)) >> 16


def crop(
    image: UInt8[np.ndarray, "height width *channels"], size: int, y: int, x: int
) -> UInt8[np.ndarray, "{size} {size} *channels"]:
    """The ``size`` x ``size`` window at fractions ``y`` and ``x`` of the margin, times 2^16."""
    height, width = image.shape[:2]
    top, left = offset(y, height - size), offset(x, width - size)
    return image[top : top + size, left : left + size]


def check_window(image: UInt8[np.ndarray, "height width *channels"], size: int) -> None:
    """Raises InputError if an image that is not resized is smaller than the window ``size``."""
    height, width = image.shape[:2]
    if min(height, width) < size:
        raise InputError(
            f"data.image_size: {size} is larger than an image of {height}x{width}, and data.resize"
            f" is False: use {min(height, width)} or less, or leave the small images out"
        )


def prepared(
    images: UInt8[np.ndarray, "n height width from"], size: int, room: int, channels: int
) -> UInt8[np.ndarray, "n height2 width2 to"]:
    """Converts images to ``channels`` channels and a shorter side of ``size + room`` pixels.

    If ``room`` is 0 (no random crops), they are also cropped, at the centre.
    """
    images = to_channels(images, channels)
    if min(images.shape[1:3]) != size + room:
        images = fit_all(images, size + room)
    if room or images.shape[1] == images.shape[2]:
        return images
    return np.stack([crop(image, size, CENTRE, CENTRE) for image in images])


def to_channels(
    images: UInt8[np.ndarray, "*shape from"], channels: int
) -> UInt8[np.ndarray, "*shape to"]:
    """Converts between 1 (grey), 3 (RGB) and 4 (RGBA) channels.

    Grey is repeated. RGB becomes grey by ITU-R 601 luma. Transparent pixels are blended over white.
    A new alpha channel is opaque.
    """
    if images.shape[-1] == channels:
        return images
    if images.shape[-1] == 4:
        images = _over_white(images)
    if images.shape[-1] == 1:
        images = np.repeat(images, 3, axis=-1)
    if channels == 1:
        return ((images @ _LUMA + 500) // 1000).astype(np.uint8)[..., None]
    if channels == 4:
        opaque = np.full((*images.shape[:-1], 1), 255, np.uint8)
        return np.concatenate([images, opaque], axis=-1)
    return images


def _over_white(images: np.ndarray) -> np.ndarray:
    alpha = images[..., 3:].astype(np.uint32)
    return ((images[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
