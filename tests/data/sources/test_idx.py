import gzip

import numpy as np
import pytest

from jaxgan.data import Data
from jaxgan.data.sources.idx import open_idx, read_idx
from jaxgan.data.sources.opening import open_streams
from jaxgan.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 3, 4), dtype=np.uint8)
LABELS = np.array([3, 0, 1, 1, 2], np.uint8)


@pytest.mark.parametrize("images", ["train-images-idx3-ubyte", "train-images.idx3-ubyte.gz"])
@pytest.mark.parametrize("zipped", ["", ".gz"])
def test_folder_of_mnists_files(write_idx, tmp_path, images, zipped):
    write_idx(images, IMAGES)
    labels = images.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    write_idx(labels + zipped, LABELS)
    source = open_idx(str(tmp_path))
    assert (len(source), source.features["image"].shape) == (5, (3, 4, 1))
    assert source.features["label"].classes == 4
    image, label = source.example(4).values()
    np.testing.assert_array_equal(image[..., 0], IMAGES[4])
    assert label == 2


def test_split_picks_the_file(write_idx, tmp_path):
    write_idx("train-images-idx3-ubyte", IMAGES)
    write_idx("t10k-images-idx3-ubyte", IMAGES[:2])
    assert len(open_streams(Data(source=f"idx:{tmp_path}", split="test"))[""]) == 2
    assert len(open_idx(str(tmp_path)).test()) == 2
    assert open_idx(str(tmp_path), "test").test is None
    with pytest.raises(InputError, match=r"data\.split: .* train and test, not 'val'"):
        open_streams(Data(source=f"idx:{tmp_path}", split="val"))


def test_one_file_without_labels(write_idx):
    source = open_idx(str(write_idx("anything.gz", IMAGES)))
    assert (len(source), source.labels, source.test) == (5, None, None)


@pytest.mark.parametrize("name", ["a-idx3-ubyte", "a-idx3-ubyte.gz"])
def test_cut_short(write_idx, name):
    path = write_idx(name, IMAGES)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"a-idx3-ubyte.* header says 76, for 5 items.* cut short"):
        read_idx(path, rank=3)


def test_gzip_that_is_whole_around_idx_that_is_not(write_idx):
    path = write_idx("a.gz", IMAGES)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1]))
    with pytest.raises(InputError, match="75 readable bytes"):
        read_idx(path, rank=3)


@pytest.mark.parametrize("content", [b"", b"\x00\x00", b"GIF89a" * 10, b"\x1f\x8bno gzip"])
def test_another_kind_of_file(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match="is no idx file"):
        read_idx(tmp_path / "a", rank=3)


def test_labels_that_are_too_few(write_idx, tmp_path):
    write_idx("train-images-idx3-ubyte", IMAGES)
    write_idx("train-labels-idx1-ubyte", LABELS[:-1])
    with pytest.raises(InputError, match=r"labels of shape \(4,\), not \(5,\)"):
        open_idx(str(tmp_path))


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match="there is no file or folder"):
        open_idx(str(tmp_path / "missing"))
    with pytest.raises(InputError, match="has no train-images-idx3-ubyte"):
        open_idx(str(tmp_path))


def test_real_mnist(real):
    source = open_streams(Data(source=f"idx:{real('mnist')}"))[""]
    assert (len(source), len(source.test()), len(source.class_names)) == (60_000, 10_000, 10)
    # The counts that LeCun's page and everyone since have published.
    assert np.bincount(source.labels).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert abs(source.arrays["image"].mean() / 255 - 0.1307) < 1e-4
