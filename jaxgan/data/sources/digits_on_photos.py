"""Real digits on real photographs, with pixel masks: data for segmentation without a download.

scikit-learn's digits are enlarged, coloured, and drawn over windows of its two photographs.
"""

import functools
from dataclasses import replace

import numpy as np

from jaxgan.core import Feature
from jaxgan.data.examples import Example, Source, in_memory
from jaxgan.data.permutation import bits
from jaxgan.data.sources.digits import open_digits
from jaxgan.data.sources.masks import shares_of

SIDE = 64
"""Side of an image in pixels."""
TRAIN, TEST = 2000, 400
"""Number of images in the training and the test part."""
MOST = 4
"""Largest number of digits tried per image, at least one; a digit that would overlap another is
left out."""
SIZES = (24, 32)
"""Sides of an enlarged digit in pixels."""
DARK = 80
"""Range of levels of a digit's colour: the lowest levels for a dark, the highest for a light
one."""
OPAQUE = 0.5
"""Opacity from which a pixel belongs to the digit."""
KNOWN = 0.8
"""Fraction of the digits, and of each photograph from its left edge, in the training part."""

NAMES = ("background", *map(str, range(10)))


def open_digits_on_photos() -> Source:
    """Images of 64 x 64 pixels; class 0 is the background, and class 1 + d is the digit d.

    Image i depends on i only. The test part has other digits and windows: the last fifth of the
    digits, and the right fifth of each photograph.
    """
    source = _part("digits_on_photos", False, TRAIN)
    return replace(source, test=lambda: _part("digits_on_photos test", True, TEST))


def _part(name: str, test: bool, size: int) -> Source:
    scenes = [_scene(test, i) for i in range(size)]
    arrays = {key: np.stack([scene[key] for scene in scenes]) for key in ("image", "mask")}
    features = {
        "image": Feature("image", (SIDE, SIDE, 3)),
        "mask": Feature("mask", (SIDE, SIDE), len(NAMES)),
    }
    source = in_memory(name, features, arrays, NAMES)
    counts = np.bincount(arrays["mask"].ravel(), minlength=len(NAMES))
    return replace(source, notes=(shares_of(NAMES, counts / counts.sum()),))


def _scene(test: bool, i: int) -> Example:
    """A window of a photograph with digits, light on dark and dark on light, and its mask."""
    rng = np.random.default_rng(bits(int(test), i))
    digits, labels = _digits(test)
    photo = _photos(test)[rng.integers(2)]
    top, left = (rng.integers(length - SIDE + 1) for length in photo.shape[:2])
    image = photo[top : top + SIDE, left : left + SIDE].astype(np.float64)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(rng.integers(1, MOST + 1)):
        k, side = rng.integers(len(digits)), SIZES[rng.integers(len(SIZES))]
        y, x = rng.integers(SIDE - side + 1, size=2)
        window = (slice(y, y + side), slice(x, x + side))
        lightest = 255 if image[window].mean() < 128 else DARK
        colour = rng.integers(lightest - DARK, lightest + 1, 3)
        if not mask[window].any():
            opacity = _enlarged(digits[k], side)
            image[window] += opacity[..., None] * (colour - image[window])
            mask[window][opacity >= OPAQUE] = 1 + labels[k]
    return {"image": np.rint(image).astype(np.uint8), "mask": mask}


def _enlarged(digit: np.ndarray, side: int) -> np.ndarray:
    """A digit's opacity, resized bilinearly: (side, side) in [0, 1]."""
    places = np.clip((np.arange(side) + 0.5) * len(digit) / side - 0.5, 0, len(digit) - 1)
    weights = np.maximum(0.0, 1.0 - np.abs(places[:, None] - np.arange(len(digit))))
    return weights @ (digit / 255.0) @ weights.T


@functools.cache
def _digits(test: bool) -> tuple[np.ndarray, np.ndarray]:
    source = open_digits()
    assert source.arrays is not None
    known = int(KNOWN * len(source))
    part = slice(known, None) if test else slice(known)
    return source.arrays["image"][part, ..., 0], source.arrays["label"][part]


@functools.cache
def _photos(test: bool) -> tuple[np.ndarray, ...]:
    from sklearn.datasets import load_sample_image  # Imported late: scikit-learn is slow to import.

    photos = [load_sample_image(name) for name in ("china.jpg", "flower.jpg")]
    known = int(KNOWN * photos[0].shape[1])
    return tuple(photo[:, known:] if test else photo[:, :known] for photo in photos)
