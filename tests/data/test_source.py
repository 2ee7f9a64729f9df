import pytest

from jaxgan.data import Data
from jaxgan.data.source import image_shape, open_source
from jaxgan.errors import InputError


@pytest.mark.parametrize(
    "source,message",
    [
        ("digit", "'digit' is not a kind of data: did you mean digits"),
        ("foldr:/x", "did you mean folder"),
        ("qqq", "is not a kind of data: use digits, idx:PATH, npz:PATH, folder:PATH or tfds:NAME"),
        ("npz", "npz needs PATH: write npz:PATH"),
        ("tfds:", "tfds needs NAME: write tfds:NAME"),
        ("digits:x", "write digits"),
    ],
)
def test_unknown_source(source, message):
    with pytest.raises(InputError, match=rf"^data\.source: .*{message}"):
        open_source(Data(source=source))


def test_split_that_digits_have_not():
    with pytest.raises(InputError, match=r"data\.split: digits has no split 'test'"):
        open_source(Data(split="test"))


def test_image_shape_follows_the_data_or_the_source():
    source = open_source(Data())
    assert image_shape(source, Data(image_size=32)) == (32, 32, 1)
    assert image_shape(source, Data(image_size=32, channels=3)) == (32, 32, 3)
