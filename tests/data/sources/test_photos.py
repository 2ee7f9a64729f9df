import numpy as np
from sklearn.datasets import load_sample_image

from jaxgan.core import Feature
from jaxgan.data.sources.photos import open_photos


def test_windows_of_the_temple_and_of_the_flower():
    streams = open_photos()
    assert streams.keys() == {"a", "b"}
    for (name, domain), file in zip(streams.items(), ("china.jpg", "flower.jpg"), strict=True):
        photo = load_sample_image(file)
        assert len(domain) == 170
        assert domain.features == {name: Feature("image", (128, 128, 3))}
        for i, (y, x) in {0: (0, 0), 16: (0, 512), 17: (32, 0), 169: (288, 512)}.items():
            np.testing.assert_array_equal(domain.example(i)[name], photo[y : y + 128, x : x + 128])
