from dataclasses import replace

import numpy as np
import pytest
from data_helpers import take

from jaxgan.core import Feature
from jaxgan.data import Data
from jaxgan.data.sources import opening
from jaxgan.data.sources import tfds as reader
from jaxgan.data.sources.idx import open_idx
from jaxgan.data.sources.opening import open_streams
from jaxgan.errors import InputError


@pytest.fixture(autouse=True)
def _nothing_is_open():
    """Here the same names stand for other sources, by patches."""
    opening._opened.cache_clear()


@pytest.fixture(params=["tfds", "tfds_array_record"])
def mnist(request, real) -> Data:
    """MNIST's test images, in both of TFDS's formats."""
    folder = str(real(request.param))
    return Data("tfds:mnist", batch_size=20, split="test[:600]", tfds_dir=folder)


@pytest.fixture(params=["decoded", "encoded"])
def memory(request, monkeypatch) -> str:
    """Whether the data set counts as small."""
    if request.param == "encoded":
        monkeypatch.setattr(reader, "_IN_MEMORY", 0)
    return request.param


def test_records_are_mnists(mnist, memory, real):
    """The same images with the same labels as in MNIST's own files, in TFDS's order."""
    source = open_streams(mnist)[""]
    original = open_idx(str(real("mnist")), "test").arrays.values()
    known = {image.tobytes(): int(label) for image, label in zip(*original, strict=True)}
    assert (len(source), source.features["image"].shape[-1]) == (600, 1)
    assert source.features["label"] == Feature("label", (), 10)
    assert source.class_names == tuple("0123456789")
    assert (source.arrays is None) == (memory == "encoded")
    seen = [source.example(i).values() for i in range(600)]
    assert source.labels.tolist() == [int(label) for _, label in seen]
    assert all(known[image.tobytes()] == label for image, label in seen)
    assert len({image.tobytes() for image, _ in seen}) == 600


def test_formats_agree_and_resume(mnist, memory, real):
    steps = take(mnist, 5)
    other = take(replace(mnist, tfds_dir=str(real("tfds"))), 3, start_step=2)
    for a, b in zip(steps[2:], other, strict=True):
        np.testing.assert_array_equal(a["image"], b["image"])
        np.testing.assert_array_equal(a["label"], b["label"])


@pytest.fixture
def two_domains(tmp_path) -> str:
    """A data set with the splits of ``cycle_gan``; an image's level is its split's number."""
    splits = {}
    for level, (split, count) in enumerate(
        {"trainA": 4, "trainB": 6, "testA": 2, "testB": 3}.items()
    ):
        images = np.full((count, 4, 4, 3), level, np.uint8)
        examples = {"image": images, "label": np.full(count, level % 2)}
        splits[split] = reader.tf.data.Dataset.from_tensor_slices(examples)
    image = reader.tfds.features.Image(shape=(None, None, 3))
    label = reader.tfds.features.ClassLabel(names=["A", "B"])
    reader.tfds.dataset_builders.store_as_tfds_dataset(
        name="horses",
        version="1.0.0",
        data_dir=tmp_path,
        split_datasets=splits,
        features=reader.tfds.features.FeaturesDict({"image": image, "label": label}),
        disable_shuffling=True,
    )
    return str(tmp_path)


def test_splits_of_two_domains(two_domains):
    for split, a, b in (
        ("train", (4, 0), (6, 1)),
        ("test", (2, 2), (3, 3)),
        ("train[:50%]", (2, 0), (3, 1)),
    ):
        streams = open_streams(Data("tfds:horses", split=split, tfds_dir=two_domains))
        assert [(len(s), s.example(0)[k].max()) for k, s in streams.items()] == [a, b]
        assert (streams["a"].test is None) == (split != "train")
    test = open_streams(Data("tfds:horses", tfds_dir=two_domains))["b"].test()
    assert (len(test), test.example(0)["b"].max()) == (3, 3)
    data = Data("tfds:horses", tfds_dir=two_domains, image_size=4, batch_size=4)
    batch = take(data, 1)[0]
    assert {name: leaf.max() for name, leaf in batch.items()} == {"a": 0, "b": 1}


def test_splits_of_one_domain(two_domains):
    source = open_streams(Data("tfds:horses", split="trainB[1:]", tfds_dir=two_domains))[""]
    image, label = source.example(0).values()
    assert (len(source), image.min(), image.max(), label) == (5, 1, 1, 1)
    with pytest.raises(InputError, match=r"no 'val'; it has trainA, trainB, testA, testB"):
        open_streams(Data("tfds:horses", split="val", tfds_dir=two_domains))


def test_unknown_split(mnist):
    with pytest.raises(InputError, match=r"data\.split: .* no 'val'; it has .*test"):
        open_streams(replace(mnist, split="val"))


def test_unknown_data_set(tmp_path):
    with pytest.raises(InputError, match=r"data\.source: TFDS has no data set 'mnits'"):
        open_streams(Data("tfds:mnits", tfds_dir=str(tmp_path)))


def test_data_set_that_cannot_be_downloaded(tmp_path, monkeypatch):
    def offline(self, **options):
        raise ConnectionError("no route to host\nand a long story")

    monkeypatch.setattr(reader.tfds.core.DatasetBuilder, "download_and_prepare", offline)
    with pytest.raises(
        InputError, match=r"cannot be downloaded \(no route to host\): set data\.tfds_dir"
    ):
        open_streams(Data("tfds:mnist", tfds_dir=str(tmp_path)))


def test_secret_labels(mnist, memory, monkeypatch):
    """TFDS marks them -1."""
    records = reader._records

    def secret(*args):
        size, read = records(*args)
        return size, lambda indices: [(encoded, -1) for encoded, _ in read(indices)]

    monkeypatch.setattr(reader, "_records", secret)
    with pytest.raises(InputError, match=r"has no labels|labels from -1 to -1"):
        open_streams(mnist)[""].example(0)
