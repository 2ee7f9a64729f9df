"""scikit-learn's two sample photographs, without a download: a temple in China, and a flower."""

import numpy as np

from jaxgan.data.examples import Source, as_domain, from_images

_FILES = {"a": "china.jpg", "b": "flower.jpg"}
"""Photograph of each domain."""

_SIZE, _STRIDE = 128, 32
"""Side of a window, and the distance between neighbouring windows, in pixels."""


def open_photos() -> dict[str, Source]:
    """Windows of the temple (domain a) and the flower (domain b): 170 each, of 128 x 128 pixels.

    A window starts every 32 pixels, which gives 10 rows of 17 in a photograph of 427 x 640 pixels.
    """
    return {domain: as_domain(_windows(file), domain) for domain, file in _FILES.items()}


def open_photo_tiles() -> Source:
    """Both photographs, cut into 30 disjoint images of 128 x 128 pixels: 3 rows of 5 of each."""
    tiles = np.concatenate([_cut(file, _SIZE) for file in _FILES.values()])
    return from_images("photo_tiles", tiles)


def _windows(name: str) -> Source:
    return from_images(f"photos ({name})", _cut(name, _STRIDE))


def _cut(name: str, stride: int) -> np.ndarray:
    """The windows of a photograph, one every ``stride`` pixels."""
    from sklearn.datasets import load_sample_image  # Imported late: scikit-learn is slow to import.

    every = np.lib.stride_tricks.sliding_window_view(
        load_sample_image(name), (_SIZE, _SIZE), (0, 1)
    )
    return np.moveaxis(every[::stride, ::stride], 2, -1).reshape(-1, _SIZE, _SIZE, 3)
