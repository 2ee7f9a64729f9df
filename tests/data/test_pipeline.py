from dataclasses import replace

import numpy as np
import pytest
from data_helpers import assert_same, dataset, domains, numbered, take, write_folder

from jaxgan.core.algorithm import DTYPES
from jaxgan.data import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.data.examples import from_images
from jaxgan.data.pipeline import batches

TINY = Data(image_size=1, batch_size=10)


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.slow), 7])
def test_resuming_gives_the_steps_that_would_have_come(every_data, step):
    straight = take(every_data, step + 3)
    assert_same(take(every_data, 3, start_step=step), straight[step:])


def test_hosts_share_out_the_global_batch(every_data):
    whole = take(every_data, 4)
    parts = [take(every_data, 4, host=h, hosts=2) for h in range(2)]
    for name, leaf in parts[0][0].items():
        assert leaf.shape == (5, *whole[0][name].shape[1:])
    joined = [
        {k: np.concatenate([part[k] for part in pair]) for k in pair[0]}
        for pair in zip(*parts, strict=True)
    ]
    assert_same(joined, whole)


@pytest.mark.parametrize("stack", ["batches_per_step", "steps_per_call"])
def test_stacked_batches_are_those_of_the_same_stream(every_data, stack):
    single = take(every_data, 6)
    stacked = take(every_data, 2, **{stack: 3})
    for name, leaf in stacked[0].items():
        assert leaf.shape == (3, *single[0][name].shape)
    flat = [{k: step[k][i] for k in step} for step in stacked for i in range(3)]
    assert_same(flat, single)


def test_shapes_and_types(every_data):
    batch, features = take(every_data, 1)[0], open_dataset(every_data).features
    assert batch.keys() == features.keys()
    for name, feature in features.items():
        assert batch[name].shape == (10, *feature.shape)
        assert batch[name].dtype == DTYPES[feature.kind]


@pytest.mark.parametrize("kind", ["unpaired", "paired"])
def test_a_domain_is_a_stream_of_its_folder(make_data, tmp_path, kind):
    """The images of a pair share the random numbers, and unpaired ones have their own."""
    data = make_data(kind)
    a, b = (take(replace(data, source=f"folder:{tmp_path}/{d}"), 5) for d in "ab")
    own = take(data, 5)
    assert_same([{"image": x["a"]} for x in own], [{"image": x["image"]} for x in a])
    same = [np.array_equal(x["b"], y["image"]) for x, y in zip(own, b, strict=True)]
    assert same == [kind == "paired"] * 5


def test_pairs_stay_pairs(make_data):
    """b is 255 - a, before and after a random window (4 x 7 of them) and mirroring."""
    data = replace(make_data("paired"), image_size=6, crop=3, jitter=0.0)
    seen = [batch["a"] for batch in take(data, 5)]
    assert_same(take(data, 5), [{"a": a, "b": 255 - a} for a in seen])
    assert len({image.tobytes() for a in seen for image in a}) > 40


def test_unpaired_domains_have_epochs_of_their_own():
    steps = take(replace(TINY, batch_size=5), 7, domains(numbered(7), numbered(5)))
    assert list(np.bincount(np.concatenate([s["a"] for s in steps]).ravel())) == [5] * 7
    assert list(np.bincount(np.concatenate([s["b"] for s in steps]).ravel())) == [7] * 5


def test_unpaired_domains_are_mirrored_independently():
    ramp = np.tile(np.arange(4, dtype=np.uint8)[None, None, :, None], (1000, 4, 1, 1))
    source = from_images("ramp", ramp)
    data = Data(image_size=4, batch_size=1000, flip=True)
    batch = take(data, 1, domains(source, source))[0]
    same = (batch["a"] == batch["b"]).all(axis=(1, 2, 3)).sum()
    assert 430 < same < 570  # 4.4 standard deviations.


def test_images_keep_their_labels(any_data):
    """Without augmentation, an image in a batch is one of the source's with the same label."""
    source = open_dataset(any_data).streams[""].source
    side = source.example(0)["image"].shape[0]
    plain = replace(any_data, image_size=side, crop=0, flip=False, jitter=0.0)
    known = {}
    for i in range(len(source)):
        image, label = source.example(i).values()
        left = (image.shape[1] - side + 1) // 2
        known.setdefault(image[:, left : left + side].tobytes(), set()).add(int(label))
    for batch in take(plain, 3, source):
        for image, label in zip(batch["image"], batch["label"], strict=True):
            assert int(label) in known[image.tobytes()]


def test_no_labels_where_the_source_has_none():
    source = from_images("plain", np.zeros((20, 2, 2, 1), np.uint8))
    assert take(replace(TINY, image_size=2), 1, source)[0].keys() == {"image"}


@pytest.mark.parametrize(
    "one,least", [({"crop": 3}, 8), ({"jitter": 0.3}, 20), ({"flip": True}, 2)]
)
def test_each_augmentation_of_an_example_changes_with_the_epoch(coloured, one, least):
    """One image, 20 epochs: of 4 x 8 windows, of many colours, of 2 sides."""
    source = from_images("one", coloured[0][:1])
    batches = take(Data(image_size=6, batch_size=1, **one), 20, source)
    assert len({batch["image"].tobytes() for batch in batches}) >= least


def test_decoded_and_in_memory_images_agree(tmp_path, coloured):
    """A folder and an npz of the same pixels give the same augmented batches."""
    images, _ = coloured
    labels = np.repeat(np.arange(3), [8, 8, 7])
    np.savez(tmp_path / "a.npz", images=images, labels=labels)
    write_folder(tmp_path, images, labels)
    data = Data(image_size=8, batch_size=10, crop=3, flip=True, jitter=0.4)
    folder = take(replace(data, source=f"folder:{tmp_path}"), 3)
    npz = take(replace(data, source=f"npz:{tmp_path}/a.npz"), 3)
    assert_same(folder, npz)


def test_flip_mirrors_about_half_of_the_images():
    ramp = np.tile(np.arange(4, dtype=np.uint8)[None, None, :, None], (1000, 4, 1, 1))
    data = Data(image_size=4, batch_size=1000, flip=True)
    first = take(data, 1, from_images("ramp", ramp))[0]["image"][:, 0, 0, 0]
    assert set(first) == {0, 3}
    assert 430 < (first == 3).sum() < 570  # 4.4 standard deviations.


def test_random_crops_reach_every_window():
    """Pixel (y, x) is 10 y + x, so the corner of a crop says where it was taken."""
    grid = (10 * np.arange(6)[:, None] + np.arange(6)).astype(np.uint8)[None, ..., None]
    data = Data(image_size=4, batch_size=900, crop=2)
    images = take(data, 1, from_images("grid", np.repeat(grid, 900, axis=0)))[0]["image"]
    corners, counts = np.unique(images[:, 0, 0, 0], return_counts=True)
    assert list(corners) == [0, 1, 2, 10, 11, 12, 20, 21, 22]
    assert counts.min() > 60  # 100 expected, standard deviation 9.4.


def test_only_the_training_part_is_seen():
    data = Data(image_size=1, batch_size=10, held_out=0.3)
    seen = np.concatenate([step["image"].ravel() for step in take(data, 14, numbered(20))])
    train = dataset(data, numbered(20)).streams[""].train
    np.testing.assert_array_equal(np.bincount(seen, minlength=20)[train], [10] * 14)


def test_an_exception_is_raised_as_it_is_and_after_the_batches_before_it():
    def broken(i: int):
        if i == 7:
            raise ZeroDivisionError("a bug")
        return {"image": np.full((1, 1, 1), i, np.uint8)}

    source = replace(numbered(20), arrays=None, example=broken)
    data = Data(image_size=1, batch_size=1)
    whole = [int(step["image"].item()) for step in take(data, 20, numbered(20))]
    stream, seen = batches(dataset(data, source), seed=1), []
    with pytest.raises(ZeroDivisionError, match="a bug"):
        seen.extend(int(step["image"].item()) for step in stream)
    assert seen == whole[: whole.index(7)]
