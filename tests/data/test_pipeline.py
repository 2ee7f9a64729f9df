from dataclasses import replace

import numpy as np
import pytest
from data_helpers import indexed, numbered, take

from jaxgan.data import Data
from jaxgan.data.examples import Unpaired, from_arrays
from jaxgan.data.sources.opening import image_shape, open_source
from jaxgan.errors import InputError

TINY = Data(image_size=1, batch_size=10)


def order(size: int, count: int, **options) -> np.ndarray:
    steps = take(
        replace(TINY, batch_size=options.pop("batch_size", 10)), count, indexed(size), **options
    )
    return np.concatenate([step["label"] for step in steps])


def assert_same(a: list[dict], b: list[dict]) -> None:
    assert len(a) == len(b) > 0
    for one, other in zip(a, b, strict=True):
        assert one.keys() == other.keys() != set()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


def test_each_epoch_is_another_permutation():
    epochs = order(23, 23, batch_size=8).reshape(8, 23)
    assert (np.sort(epochs, axis=1) == np.arange(23)).all()
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)


def test_another_seed_is_another_order():
    orders = {tuple(order(23, 2, seed=seed)) for seed in (0, 1, 256, -1, 2**63, 2**64 - 2)}
    assert len(orders) == 6


def test_batches_run_over_the_end_of_an_epoch():
    labels = order(23, 23)
    assert labels.shape == (230,)
    np.testing.assert_array_equal(np.bincount(labels), np.full(23, 10))


def test_order_does_not_depend_on_the_batch_size():
    np.testing.assert_array_equal(order(23, 12, batch_size=5), order(23, 6, batch_size=10))


def test_a_batch_may_be_the_whole_data_set():
    assert sorted(order(10, 1)) == list(range(10))


@pytest.mark.parametrize("step", [1, 7])
def test_resuming_gives_the_steps_that_would_have_come(every_data, step):
    straight = take(every_data, step + 3)
    assert_same(take(every_data, 3, start_step=step), straight[step:])


def test_a_late_step_is_reached_at_once():
    labels = take(TINY, 1, indexed(23), start_step=10**12)[0]["label"]
    assert len(set(labels)) >= 5


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


def test_hosts_share_out_each_batch_of_a_step():
    whole = take(TINY, 3, indexed(23), batches_per_step=2)
    parts = [take(TINY, 3, indexed(23), batches_per_step=2, host=h, hosts=5) for h in range(5)]
    for step in range(3):
        joined = np.concatenate([part[step]["label"] for part in parts], axis=1)
        np.testing.assert_array_equal(joined, whole[step]["label"])


def test_shapes_and_types(any_data):
    source = open_source(any_data)
    batch = take(any_data, 1, source)[0]
    assert batch.keys() == {"image", "label"}
    assert batch["image"].shape == (10, *image_shape(source, any_data))
    assert (batch["image"].dtype, batch["label"].dtype) == (np.uint8, np.int32)


@pytest.mark.parametrize("kind,seed", [("unpaired", 1 + 2**63), ("paired", 1)])
def test_a_domain_is_a_stream_of_its_folder(make_data, tmp_path, kind, seed):
    """The images of a pair share the random numbers, and unpaired ones have their own."""
    data = make_data(kind)
    a = take(replace(data, source=f"folder:{tmp_path}/a"), 5)
    b = take(replace(data, source=f"folder:{tmp_path}/b"), 5, seed=seed)
    expected = [{"a": x["image"], "b": y["image"]} for x, y in zip(a, b, strict=True)]
    assert_same(take(data, 5), expected)


def test_pairs_stay_pairs(make_data):
    """b is 255 - a, before and after a random window (4 x 7 of them) and mirroring."""
    data = replace(make_data("paired"), image_size=6, crop=3, jitter=0.0)
    seen = [batch["a"] for batch in take(data, 5)]
    assert_same(take(data, 5), [{"a": a, "b": 255 - a} for a in seen])
    assert len({image.tobytes() for a in seen for image in a}) > 40


def test_unpaired_domains_have_orders_of_their_own():
    source = Unpaired(numbered(200), numbered(200))
    a, b = (np.stack([step[name].ravel() for step in take(TINY, 40, source)]) for name in "ab")
    for order in (a, b):
        assert (np.sort(order.reshape(2, 200)) == np.arange(200)).all()
    assert (a == b).sum() < 12  # 2 expected of 400, standard deviation 1.4.


def test_unpaired_domains_have_epochs_of_their_own():
    steps = take(replace(TINY, batch_size=5), 7, Unpaired(numbered(7), numbered(5)))
    assert list(np.bincount(np.concatenate([s["a"] for s in steps]).ravel())) == [5] * 7
    assert list(np.bincount(np.concatenate([s["b"] for s in steps]).ravel())) == [7] * 5


def test_unpaired_domains_are_mirrored_independently():
    ramp = np.tile(np.arange(4, dtype=np.uint8)[None, None, :, None], (1000, 4, 1, 1))
    source = from_arrays("ramp", ramp)
    data = Data(image_size=4, batch_size=1000, flip=True)
    batch = take(data, 1, Unpaired(source, source))[0]
    same = (batch["a"] == batch["b"]).all(axis=(1, 2, 3)).sum()
    assert 430 < same < 570  # 4.4 standard deviations.


def test_images_keep_their_labels(any_data):
    """Without augmentation, an image in a batch is one of the source's with the same label."""
    source = open_source(any_data)
    plain = replace(
        any_data, image_size=source.example(0)[0].shape[0], crop=0, flip=False, jitter=0.0
    )
    side = plain.image_size
    known = {}
    for i in range(len(source)):
        image, label = source.example(i)
        left = (image.shape[1] - side + 1) // 2
        known.setdefault(image[:, left : left + side].tobytes(), set()).add(label)
    for batch in take(plain, 3, source):
        for image, label in zip(batch["image"], batch["label"], strict=True):
            assert int(label) in known[image.tobytes()]


def test_no_labels_where_the_source_has_none():
    source = from_arrays("plain", np.zeros((20, 2, 2, 1), np.uint8))
    assert take(replace(TINY, image_size=2), 1, source)[0].keys() == {"image"}


@pytest.mark.parametrize(
    "one,least", [({"crop": 3}, 8), ({"jitter": 0.3}, 20), ({"flip": True}, 2)]
)
def test_each_augmentation_of_an_example_changes_with_the_epoch(coloured, one, least):
    """One image, 20 epochs: of 4 x 8 windows, of many colours, of 2 sides."""
    source = from_arrays("one", coloured[0][:1])
    batches = take(Data(image_size=6, batch_size=1, **one), 20, source)
    assert len({batch["image"].tobytes() for batch in batches}) >= least


def test_decoded_and_in_memory_images_agree(tmp_path, coloured):
    """A folder and an npz of the same pixels give the same augmented batches."""
    from data_helpers import write_folder

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
    first = take(data, 1, from_arrays("ramp", ramp))[0]["image"][:, 0, 0, 0]
    assert set(first) == {0, 3}
    assert 430 < (first == 3).sum() < 570  # 4.4 standard deviations.


def test_random_crops_reach_every_window():
    """Pixel (y, x) is 10 y + x, so the corner of a crop says where it was taken."""
    grid = (10 * np.arange(6)[:, None] + np.arange(6)).astype(np.uint8)[None, ..., None]
    data = Data(image_size=4, batch_size=900, crop=2)
    images = take(data, 1, from_arrays("grid", np.repeat(grid, 900, axis=0)))[0]["image"]
    corners, counts = np.unique(images[:, 0, 0, 0], return_counts=True)
    assert list(corners) == [0, 1, 2, 10, 11, 12, 20, 21, 22]
    assert counts.min() > 60  # 100 expected, standard deviation 9.4.


def test_batch_larger_than_the_data_set():
    with pytest.raises(InputError, match=r"data\.batch_size: 64 is larger .*\(10 images\).* 10 or"):
        take(replace(TINY, batch_size=64), 1, indexed(10))


def test_batch_that_hosts_cannot_share():
    with pytest.raises(InputError, match=r"data\.batch_size: 10 does not divide among 4 hosts"):
        take(TINY, 1, indexed(20), hosts=4)
