import numpy as np
from sklearn.datasets import load_sample_image

from jaxgan.core import Feature
from jaxgan.data.sources.photos import open_photo_tiles, open_photos


def test_windows_of_the_temple_and_of_the_flower():
    streams = open_photos()
    assert streams.keys() == {"a", "b"}
    for (name, domain), file in zip(streams.items(), ("china.jpg", "flower.jpg"), strict=True):
        photo = load_sample_image(file)
        assert len(domain) == 170
        assert domain.features == {name: Feature("image", (128, 128, 3))}
        for i, (y, x) in {0: (0, 0), 16: (0, 512), 17: (32, 0), 169: (288, 512)}.items():
            np.testing.assert_array_equal(domain.example(i)[name], photo[y : y + 128, x : x + 128])


def test_tiles_share_no_pixel_and_cover_both_photographs():
    tiles = open_photo_tiles()
    assert len(tiles) == 30
    assert tiles.features == {"image": Feature("image", (128, 128, 3))}
    for i, file in enumerate(("china.jpg", "flower.jpg")):
        rows = tiles.arrays["image"][15 * i :][:15].reshape(3, 5, 128, 128, 3)
        whole = rows.transpose(0, 2, 1, 3, 4).reshape(384, 640, 3)
        np.testing.assert_array_equal(whole, load_sample_image(file)[:384])
