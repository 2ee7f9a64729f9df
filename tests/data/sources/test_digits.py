import numpy as np
from sklearn.datasets import load_digits

from jaxgan.data.sources.digits import open_digits


def test_digits_are_scikit_learns():
    source, digits = open_digits(), load_digits()
    assert (len(source), source.channels, source.num_classes) == (1797, 1, 10)
    image, label = source.example(100)
    assert image.shape == (8, 8, 1)
    np.testing.assert_allclose(image[..., 0] / 255 * 16, digits.images[100], atol=0.04)
    assert label == digits.target[100]
    assert (source.arrays.images.min(), source.arrays.images.max()) == (0, 255)
