import numpy as np
from sklearn.datasets import load_digits

from jaxgan.core import Feature
from jaxgan.data.sources.digits import open_digits


def test_digits_are_scikit_learns():
    source, digits = open_digits(), load_digits()
    assert len(source) == 1797
    assert source.features == {
        "image": Feature("image", (8, 8, 1)), "label": Feature("label", (), 10),
    }  # fmt: skip
    image, label = source.example(100).values()
    assert image.shape == (8, 8, 1)
    np.testing.assert_allclose(image[..., 0] / 255 * 16, digits.images[100], atol=0.04)
    assert label == digits.target[100]
    assert (source.arrays["image"].min(), source.arrays["image"].max()) == (0, 255)


def test_a_file_that_lies_elsewhere_is_read_by_scikit_learn(monkeypatch):
    read = open_digits()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name, array in open_digits().arrays.items():
        np.testing.assert_array_equal(array, read.arrays[name])
