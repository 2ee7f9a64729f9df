"""scikit-learn's two sample photographs, always at hand: a temple in China, and a flower."""

import numpy as np

from jaxgan.data.examples import Source, as_domain, from_images

_SIZE, _STRIDE = 128, 32
"""Side of a window, and the distance from one to the next, in pixels."""


def open_photos() -> dict[str, Source]:
    """Windows of the temple (domain a) and of the flower (domain b): 170 of 128 x 128 pixels each.

    A window starts every 32 pixels: 10 rows of 17, of a photograph of 427 x 640.
    """
    files = {"a": "china.jpg", "b": "flower.jpg"}
    return {domain: as_domain(_windows(file), domain) for domain, file in files.items()}


def _windows(name: str) -> Source:
    from sklearn.datasets import load_sample_image  # Here: scikit-learn is slow to import.

    every = np.lib.stride_tricks.sliding_window_view(
        load_sample_image(name), (_SIZE, _SIZE), (0, 1)
    )
    windows = np.moveaxis(every[::_STRIDE, ::_STRIDE], 2, -1).reshape(-1, _SIZE, _SIZE, 3)
    return from_images(f"photos ({name})", windows)
