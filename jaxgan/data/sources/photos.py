"""scikit-learn's two sample photographs, always at hand: a temple in China, and a flower."""

import numpy as np

from jaxgan.data.examples import Source, Unpaired, from_arrays

_SIZE, _STRIDE = 128, 32
"""Of the windows, in pixels."""


def open_photos() -> Unpaired:
    """Windows of the temple (domain a) and of the flower (domain b): 170 of 128 x 128 pixels each.

    A window starts every 32 pixels: 10 rows of 17, of a photograph of 427 x 640.
    """
    return Unpaired(_windows("china.jpg"), _windows("flower.jpg"))


def _windows(name: str) -> Source:
    from sklearn.datasets import load_sample_image  # Here: scikit-learn is slow to import.

    every = np.lib.stride_tricks.sliding_window_view(
        load_sample_image(name), (_SIZE, _SIZE), (0, 1)
    )
    windows = np.moveaxis(every[::_STRIDE, ::_STRIDE], 2, -1).reshape(-1, _SIZE, _SIZE, 3)
    return from_arrays(f"photos ({name})", windows)
