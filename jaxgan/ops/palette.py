"""A colour for each class of a mask."""

import numpy as np


def _palette() -> np.ndarray:
    """The colours of Pascal VOC's masks: bits 0, 3, 6 of a class index are the top bits of red."""
    index, channel = np.arange(256)[:, None], np.arange(3)
    bits = [((index >> (3 * j + channel)) & 1) << (7 - j) for j in range(3)]
    return np.sum(bits, axis=0).astype(np.uint8)


PALETTE = _palette()
"""Colour of each class: uint8 (256, 3)."""
