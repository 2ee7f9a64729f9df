"""Few labels: which examples keep theirs, and what the streams give."""

from dataclasses import replace

import numpy as np
import pytest
from data_helpers import dataset, take

from jaxgan.core import Feature
from jaxgan.data import Data
from jaxgan.data.examples import from_images
from jaxgan.errors import InputError

LABELS = np.arange(60) % 3


def source(labels=LABELS):
    """A source whose image i is one pixel of value i."""
    images = np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1, 1)
    return from_images("numbered", images, labels)


DATA = Data(image_size=1, batch_size=4, labels=7)


def kept(data):
    own = dataset(data, source())
    return own.streams["labelled"].train


def test_each_class_keeps_as_many_to_within_one():
    chosen = kept(DATA)
    assert len(chosen) == len(set(chosen)) == 7
    assert np.bincount(LABELS[chosen]).tolist() == [3, 2, 2]


def test_a_seed_decides_the_choice():
    assert kept(DATA).tolist() == kept(DATA).tolist()
    others = {tuple(kept(replace(DATA, labels_seed=seed))) for seed in range(5)}
    assert len(others) == 5


def test_the_streams_give_all_images_and_the_few_with_their_labels():
    own = dataset(DATA, source())
    assert own.features == {
        "image": Feature("image", (1, 1, 1)),
        "labelled": Feature("image", (1, 1, 1), 0, "labelled"),
        "label": Feature("label", (), 3, "labelled"),
    }
    batches = take(DATA, 30, source())
    images = np.concatenate([b["image"] for b in batches]).ravel()
    assert sorted(images[:60]) == list(range(60))
    labelled = np.concatenate([b["labelled"] for b in batches]).ravel()
    labels = np.concatenate([b["label"] for b in batches])
    assert set(labelled) == set(kept(DATA))
    assert (LABELS[labelled] == labels).all()


def test_a_batch_may_hold_more_than_the_labels():
    (batch,) = take(replace(DATA, batch_size=20, labels=3), 1, source())
    assert np.bincount(batch["label"]).tolist() in ([7, 7, 6], [7, 6, 7], [6, 7, 7])


def test_a_held_out_part_keeps_its_labels():
    own = dataset(replace(DATA, held_out=0.2), source())
    assert not set(own.streams["labelled"].train) & set(own.streams[""].held_out.indices)
    batches = list(own.held_out_batches(5))
    images = np.concatenate([b["labelled"] for b in batches]).ravel()
    assert len(images) == 12
    assert (LABELS[images] == np.concatenate([b["label"] for b in batches])).all()
    assert own.changed(batch_size=2).streams == own.streams


def test_it_says_how_many():
    lines = dataset(DATA, source()).describe()
    assert lines == [
        "data: numbered, 60 examples", "data: 7 of these examples keep their labels",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data,labels,message",
    [
        (DATA, None, "data.labels: numbered gives image, and labels are kept of images with"),
        (replace(DATA, labels=2), LABELS, "data.labels: 2 is less than the 3 classes of numbered"),
        (replace(DATA, labels=63), LABELS, "data.labels: 63 needs 21 labels of class 0, and numb"),
    ],
)
def test_what_cannot_be_kept_is_refused(data, labels, message):
    images = np.zeros((60, 1, 1, 1), np.uint8)
    with pytest.raises(InputError) as caught:
        dataset(data, from_images("numbered", images, labels))
    assert str(caught.value).startswith(message)


def test_a_negative_number_of_labels_is_refused():
    with pytest.raises(InputError, match=r"^data\.labels: -1 is less than 0"):
        Data(labels=-1)
