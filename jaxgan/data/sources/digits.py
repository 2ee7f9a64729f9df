"""scikit-learn's digits: 1797 real handwritten digits of 8 x 8 pixels, always at hand."""

import numpy as np

from jaxgan.data.examples import Source, from_images


def open_digits() -> Source:
    """The test part of UCI's Optical Recognition of Handwritten Digits, white on black.

    The file's grey levels 0..16 become 0..255.
    """
    from sklearn.datasets import load_digits  # Here: scikit-learn is slow to import.

    images, labels = load_digits(return_X_y=True)
    pixels = np.rint(images * (255 / 16)).astype(np.uint8)
    return from_images("digits", pixels.reshape(-1, 8, 8, 1), labels)
