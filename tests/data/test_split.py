from dataclasses import replace

import numpy as np
import pytest
from data_helpers import dataset, indexed

from jaxgan.data import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.data.examples import Source, from_images
from jaxgan.errors import InputError

LABELS = np.repeat(np.arange(4), [50, 30, 17, 3])


def labelled(labels: np.ndarray = LABELS) -> Source:
    mixed = np.random.default_rng(0).permutation(labels)
    return from_images("some", np.zeros((len(labels), 1, 1, 1), np.uint8), mixed)


def held_out(source: Source, **fields) -> tuple[np.ndarray, np.ndarray]:
    stream = dataset(Data(batch_size=1, **fields), source).streams[""]
    assert stream.held_out is not None
    assert stream.held_out.source is source
    both = np.concatenate([stream.train, stream.held_out.indices])
    np.testing.assert_array_equal(np.sort(both), np.arange(len(source)))
    return stream.train, stream.held_out.indices


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_folds_are_disjoint_complete_and_stratified(n):
    source = labelled()
    folds = [held_out(source, fold=(k, n))[1] for k in range(1, n + 1)]
    np.testing.assert_array_equal(np.sort(np.concatenate(folds)), np.arange(100))
    sizes = [len(fold) for fold in folds]
    assert max(sizes) - min(sizes) <= 1
    counts = np.stack([np.bincount(source.labels[fold], minlength=4) for fold in folds])
    assert (np.ptp(counts, axis=0) <= 1).all()


@pytest.mark.parametrize("share", [0.05, 0.1, 0.29, 0.5, 0.9])
def test_a_share_is_stratified(share):
    source = labelled()
    _, chosen = held_out(source, held_out=share)
    assert len(chosen) == int(100 * share + 1e-9)
    counts = np.bincount(source.labels[chosen], minlength=4)
    assert (np.abs(counts - share * np.bincount(LABELS)) < 1).all()


def test_without_labels_the_choice_is_random_and_the_same_in_each_run():
    source = from_images("plain", np.zeros((1000, 1, 1, 1), np.uint8))
    _, chosen = held_out(source, held_out=0.2)
    np.testing.assert_array_equal(chosen, held_out(source, held_out=0.2)[1])
    assert len(chosen) == 200
    assert 3 < np.diff(chosen).std() < 6  # Geometric: 4.5.


def test_examples_of_one_class_are_chosen_at_random():
    """Files come sorted by class, and often by author or time within it."""
    source = from_images("one", np.zeros((1000, 1, 1, 1), np.uint8), np.zeros(1000, int))
    assert 3 < np.diff(held_out(source, held_out=0.2)[1]).std() < 6


def test_both_domains_are_split():
    streams = open_dataset(Data("photos", held_out=0.1)).streams
    assert [(len(s.train), s.held_out.size) for s in streams.values()] == [(153, 17)] * 2


def test_the_sources_own_test_part_unless_a_share_is_asked_for(write_idx, tmp_path):
    for name, n in (("train", 20), ("t10k", 6)):
        write_idx(f"{name}-images-idx3-ubyte", np.full((n, 3, 3), n, np.uint8))
        write_idx(f"{name}-labels-idx1-ubyte", np.arange(n, dtype=np.uint8) % 2)
    data = Data(f"idx:{tmp_path}", image_size=3, batch_size=5)
    own = open_dataset(data).streams[""]
    assert (len(own.train), own.held_out.size) == (20, 6)
    assert own.held_out.source.example(0)["image"].max() == 6
    shared = open_dataset(replace(data, held_out=0.1)).streams[""]
    assert (len(shared.train), shared.held_out.size) == (18, 2)
    assert shared.held_out.source is shared.source
    assert open_dataset(replace(data, split="test")).streams[""].held_out is None


def test_test_part_of_other_classes(write_idx, tmp_path):
    for name, n in (("train", 4), ("t10k", 6)):
        write_idx(f"{name}-images-idx3-ubyte", np.zeros((n, 3, 3), np.uint8))
        write_idx(f"{name}-labels-idx1-ubyte", np.arange(n, dtype=np.uint8))
    with pytest.raises(InputError, match=r"^data\.source: the test part .* other features or cla"):
        open_dataset(Data(f"idx:{tmp_path}", image_size=3, batch_size=2))


@pytest.mark.parametrize(
    "fields,message",
    [
        ({"held_out": 0.01}, r"held_out: the held-out part of indexed, 10 examples, would be em"),
        ({"fold": (1, 11), "batch_size": 1}, None),
        ({"fold": (11, 11)}, r"fold: the held-out part of indexed"),
        ({"fold": (1, 2), "batch_size": 6}, r"batch_size: 6 .* the training part of the data set"),
    ],
)
def test_parts_that_are_too_small(fields, message):
    if message is None:
        assert dataset(Data(**fields), indexed(10)).streams[""].held_out.size == 1
        return
    with pytest.raises(InputError, match=rf"^data\.{message}"):
        dataset(Data(**fields), indexed(10)).check_batch_size()
