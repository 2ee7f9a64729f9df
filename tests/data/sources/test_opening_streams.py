import numpy as np
import pytest
from data_helpers import write_folder

from jaxgan.data import Data
from jaxgan.data.sources.opening import open_streams
from jaxgan.errors import InputError


@pytest.mark.parametrize(
    "source,message",
    [
        ("digit", "'digit' is not a kind of data: did you mean digits"),
        ("foldr:/x", "did you mean folder"),
        (
            "qqq",
            "is not a kind of data: use digits, digits_on_photos, photos, points:NAME, idx:PATH,"
            " npz:PATH, folder:PATH, masks:IMAGES,MASKS, table:FILE.csv, breast_cancer,"
            " series:FILE.csv, unpaired:PATH_A,PATH_B, paired:PATH_A,PATH_B, photo_tiles or"
            " tfds:NAME",
        ),
        ("npz", "npz needs PATH: write npz:PATH"),
        ("tfds:", "tfds needs NAME: write tfds:NAME"),
        ("paired:", "paired needs PATH_A,PATH_B: write paired:PATH_A,PATH_B"),
        ("digits:x", "write digits"),
        ("photos:china.jpg", "write photos"),
    ],
)
def test_unknown_source(source, message):
    with pytest.raises(InputError, match=rf"^data\.source: .*{message}"):
        open_streams(Data(source=source))


@pytest.mark.parametrize("kind", ["digits", "photos", "table:x.csv", "masks:a,b"])
def test_split_that_there_is_not(kind):
    with pytest.raises(InputError, match=rf"data\.split: {kind.split(':')[0]} has no split 'test'"):
        open_streams(Data(kind, split="test"))


def test_target_of_what_is_no_table():
    with pytest.raises(InputError, match=r"^data\.target: 'price' is a column of a table, and dig"):
        open_streams(Data(target="price"))


def test_a_source_that_is_open_is_not_opened_again():
    one = open_streams(Data("photos", image_size=8))
    other = open_streams(Data("photos", image_size=16, batch_size=3, flip=True, held_out=0.5))
    assert one["a"] is other["a"]


def test_files_that_have_changed_are_opened_again(tmp_path):
    images = np.zeros((3, 4, 4, 3), np.uint8)
    data = Data(f"folder:{tmp_path}")
    write_folder(tmp_path, images[:2], np.zeros(2, int))
    assert len(open_streams(data)[""]) == 2
    write_folder(tmp_path, images, np.zeros(3, int))
    assert len(open_streams(data)[""]) == 3
