import numpy as np
from sklearn.datasets import load_sample_image

from jaxgan.data.sources.photos import open_photos


def test_windows_of_the_temple_and_of_the_flower():
    source = open_photos()
    for domain, name in ((source.a, "china.jpg"), (source.b, "flower.jpg")):
        photo = load_sample_image(name)
        assert (len(domain), domain.channels, domain.num_classes) == (170, 3, 0)
        for i, (y, x) in {0: (0, 0), 16: (0, 512), 17: (32, 0), 169: (288, 512)}.items():
            image, _ = domain.example(i)
            np.testing.assert_array_equal(image, photo[y : y + 128, x : x + 128])
