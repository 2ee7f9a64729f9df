"""Size, crop and channels of images on the host."""

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from jaxgan.data.examples import Pixels

_CENTRE = 0.5
"""The fraction of the room at which a window is centred."""

_LUMA = np.array([299, 587, 114], np.uint32)
"""ITU-R 601 luma, in thousandths."""


def fit(image: Pixels, side: int) -> Pixels:
    """``image`` with its shorter side ``side`` pixels long, its aspect ratio kept.

    Bicubic, antialiased when it shrinks; colours are weighted by their opacity.
    """
    height, width, channels = image.shape
    short = min(height, width)
    if short == side:
        return image
    size = max(side, round(width * side / short)), max(side, round(height * side / short))
    picture = Image.fromarray(image[..., 0] if channels == 1 else image)
    resized = np.asarray(picture.resize(size, Image.Resampling.BICUBIC))
    return resized[..., None] if channels == 1 else resized


def crop(
    image: UInt8[np.ndarray, "*n height width channels"], size: int, y: float, x: float
) -> UInt8[np.ndarray, "*n {size} {size} channels"]:
    """The ``size`` x ``size`` window at the fractions ``y`` and ``x`` of the room; 0.5 is centred.

    With y and x uniform in [0, 1) all windows are equally likely.
    """
    height, width = image.shape[-3:-1]
    top, left = int(y * (height - size + 1)), int(x * (width - size + 1))
    return image[..., top : top + size, left : left + size, :]


def prepared(
    images: UInt8[np.ndarray, "n height width from"], size: int, room: int, channels: int
) -> UInt8[np.ndarray, "n height2 width2 to"]:
    """All images with ``channels`` channels and a shorter side of ``size + room`` pixels.

    Without room for random windows they are cropped too, at the centre.
    """
    images = to_channels(images, channels)
    if min(images.shape[1:3]) != size + room:
        images = np.stack([fit(image, size + room) for image in images])
    return images if room else crop(images, size, _CENTRE, _CENTRE)


def to_channels(
    images: UInt8[np.ndarray, "*shape from"], channels: int
) -> UInt8[np.ndarray, "*shape to"]:
    """Images with 1 (grey), 3 (RGB) or 4 (RGBA) channels, from any of these.

    Grey is repeated; RGB to grey is ITU-R 601 luma; transparency is laid over white; what had
    none becomes opaque.
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
