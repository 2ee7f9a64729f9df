"""scikit-learn's digits: 1797 real handwritten digits of 8 x 8 pixels, without a download."""

import importlib.util
from pathlib import Path

import numpy as np

from jaxgan.data.examples import Source, from_images


def open_digits() -> Source:
    """The test part of UCI's Optical Recognition of Handwritten Digits, white on black.

    The file's grey levels 0..16 become 0..255.
    """
    images, labels = _read()
    pixels = np.rint(images * (255 / 16)).astype(np.uint8)
    return from_images("digits", pixels.reshape(-1, 8, 8, 1), labels)


def _read() -> tuple[np.ndarray, np.ndarray]:
    """``load_digits(return_X_y=True)``, read directly from scikit-learn's file if it is found.

    Importing scikit-learn would take as long as everything else before the first step.
    """
    package = importlib.util.find_spec("sklearn")
    file = Path(package.origin or "").parent / "datasets/data/digits.csv.gz" if package else Path()
    if not file.is_file():
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
        return images, labels
    table = np.loadtxt(file, delimiter=",")
    return table[:, :-1], table[:, -1].astype(int)
