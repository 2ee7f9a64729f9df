"""scikit-learn's two sample photographs, always at hand: a temple in China, and a flower."""

import numpy as np

from jaxgan.data.examples import Source, as_domain, from_images

_FILES = {"a": "china.jpg", "b": "flower.jpg"}
"""The photographs, by the domain that they are."""

_SIZE, _STRIDE = 128, 32
"""Side of a window, and the distance from one to the next, in pixels."""


def open_photos() -> dict[str, Source]:
    """Windows of the temple (domain a) and of the flower (domain b): 170 of 128 x 128 pixels each.

    A window starts every 32 pixels: 10 rows of 17, of a photograph of 427 x 640.
    """
    return {domain: as_domain(_windows(file), domain) for domain, file in _FILES.items()}


def open_photo_tiles() -> Source:
    """Both photographs as 30 images of 128 x 128 pixels that share none: 3 rows of 5 of each."""
    tiles = np.concatenate([_cut(file, _SIZE) for file in _FILES.values()])
    return from_images("photo_tiles", tiles)


def _windows(name: str) -> Source:
    return from_images(f"photos ({name})", _cut(name, _STRIDE))


def _cut(name: str, stride: int) -> np.ndarray:
    """Windows of a photograph, one every ``stride`` pixels."""
    from sklearn.datasets import load_sample_image  # Here: scikit-learn is slow to import.

    every = np.lib.stride_tricks.sliding_window_view(
        load_sample_image(name), (_SIZE, _SIZE), (0, 1)
    )
    return np.moveaxis(every[::stride, ::stride], 2, -1).reshape(-1, _SIZE, _SIZE, 3)
