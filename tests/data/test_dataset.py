from dataclasses import replace

import numpy as np
import pytest
from data_helpers import dataset, domains, indexed, numbered, take, write_folder

from jaxgan.core import Feature
from jaxgan.data import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.data.examples import from_images
from jaxgan.data.scaling import Scaling
from jaxgan.errors import InputError

AUGMENTED = {"crop": 3, "flip": True, "jitter": 0.9}


def test_features_of_a_batch():
    own = open_dataset(Data(image_size=16, channels=3))
    assert own.features == {
        "image": Feature("image", (16, 16, 3)), "label": Feature("label", (), 10),
    }  # fmt: skip
    assert own.class_names == tuple("0123456789")
    assert open_dataset(Data("photos", image_size=8)).features == {
        name: Feature("image", (8, 8, 3), 0, name) for name in "ab"
    }


def plain(channels: int, size: int = 20):
    return from_images("plain", np.zeros((size, 4, 4, channels), np.uint8))


def test_domains_of_different_channels():
    source = domains(plain(1), plain(4))
    with pytest.raises(InputError) as caught:
        dataset(Data(), source)
    assert str(caught.value) == (
        "data.channels: 0 is as the source has them, and domain a has 1 and domain b 4; "
        "use one number for both, such as --data.channels 4"
    )
    assert dataset(Data(channels=3), source).features["b"].shape == (28, 28, 3)


@pytest.mark.parametrize("n,m,domain", [(30, 12, "b"), (12, 30, "a"), (20, 12, "b")])
def test_batch_larger_than_a_domain(n, m, domain):
    source = domains(plain(1, n), plain(1, m))
    dataset(Data(batch_size=12), source).check_batch_size()
    message = rf"^data\.batch_size: 24 is larger than domain {domain} \(12 images\): .*12 or less"
    with pytest.raises(InputError, match=message):
        dataset(Data(batch_size=24), source).check_batch_size()


def test_batch_larger_than_the_training_part():
    own = dataset(Data(batch_size=19, held_out=0.1), indexed(20))
    with pytest.raises(InputError, match=r"larger than the training part of the data set \(18 im"):
        own.check_batch_size()


def test_held_out_examples_come_once_in_order_and_as_they_are(make_data):
    data = replace(make_data("folder"), held_out=0.5, **AUGMENTED)
    own = open_dataset(data)
    whole = list(own.held_out_batches(4))
    assert [len(batch["label"]) for batch in whole] == [4, 4, 3]
    joined = np.concatenate([batch["image"] for batch in whole])
    alone = np.concatenate([b["image"] for b in own.held_out_batches(1)])
    np.testing.assert_array_equal(joined, alone)
    part = own.streams[""].held_out
    np.testing.assert_array_equal(
        np.concatenate([batch["label"] for batch in whole]), part.source.labels[part.indices]
    )
    centred = open_dataset(replace(data, flip=False, jitter=0.0)).held_out_batches(11)
    np.testing.assert_array_equal(next(centred)["image"], joined)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_processes_share_the_held_out_batches(processes):
    own = dataset(Data(image_size=1, batch_size=1, held_out=0.5), numbered(50))
    seen = [
        batch["image"].ravel()
        for process in range(processes)
        for batch in own.held_out_batches(4, process, processes)
    ]
    np.testing.assert_array_equal(np.sort(np.concatenate(seen)), own.streams[""].held_out.indices)
    assert sorted(len(batch) for batch in seen) == [1] + [4] * 6


def test_held_out_pairs_of_two_streams_end_with_the_shorter(make_data):
    own = open_dataset(replace(make_data("unpaired"), held_out=0.5))
    assert [len(own.streams[k].held_out.indices) for k in "ab"] == [11, 8]
    batches = list(own.held_out_batches(5))
    assert [(len(b["a"]), len(b["b"])) for b in batches] == [(5, 5), (3, 3)]


def test_nothing_is_held_out():
    with pytest.raises(InputError, match=r"^data\.held_out: 0 keeps .*--data\.held_out 0\.1$"):
        open_dataset(Data()).held_out_batches(4)


def test_the_gallery_is_fixed_and_not_augmented(every_data):
    for data in (every_data, replace(every_data, held_out=0.4)):
        own = open_dataset(data)
        batch = own.gallery(4)
        assert batch.keys() == own.features.keys()
        for name, feature in own.features.items():
            assert batch[name].shape == (4, *feature.shape)
        again = open_dataset(replace(data, flip=False, jitter=0.0, batch_size=1)).gallery(4)
        assert all((batch[name] == again[name]).all() for name in batch)


def test_the_gallery_is_spread_over_the_held_out_part():
    own = dataset(Data(image_size=1, batch_size=1, held_out=0.5), numbered(80))
    chosen = own.gallery(8)["image"].ravel()
    assert set(chosen) <= set(own.streams[""].held_out.indices)
    assert np.diff(chosen.astype(int)).min() > 2
    assert len(dataset(Data(image_size=1), numbered(5)).gallery(8)["image"]) == 5


def test_reals_are_training_examples_with_their_labels():
    own = dataset(Data(image_size=1, batch_size=1, held_out=0.5), indexed(400))
    reals = own.reals(100)
    assert len(set(reals["label"])) == 100
    assert set(reals["label"]) <= set(own.streams[""].train)
    assert reals["label"].max() > 300
    assert own.reals(1000)["image"].shape == (200, 1, 1, 1)
    assert open_dataset(Data("photos")).reals(9, "b")["b"].shape == (9, 28, 28, 3)


def test_what_is_said_at_the_start(make_data):
    assert open_dataset(Data()).describe() == ["data: digits, 1,797 examples"]
    assert open_dataset(Data(held_out=0.1)).describe() == [
        "data: digits, 1,618 examples to train on, 179 held out"
    ]
    two = open_dataset(Data("photos", fold=(1, 10))).describe()
    assert two[1] == "data: photos (flower.jpg) (domain b), 153 examples to train on, 17 held out"
    masks = open_dataset(make_data("masks")).describe()
    assert masks[1].startswith("data: masks are class indices (grey levels): 4 classes; share of")


def test_a_leg_changes_fields_of_the_same_sources(make_data):
    own = open_dataset(replace(make_data("masks"), held_out=0.2))
    leg = own.changed(image_size=16, batch_size=4)
    assert leg.streams[""].source is own.streams[""].source
    assert leg.features["mask"].shape == (16, 16)
    np.testing.assert_array_equal(leg.streams[""].train, own.streams[""].train)


@pytest.mark.parametrize("field,value", [("flip", True), ("crop", 2), ("jitter", 0.5)])
@pytest.mark.parametrize("kind", ["table", "series"])
def test_augmentation_of_what_has_no_images(make_data, kind, field, value):
    with pytest.raises(InputError, match=rf"^data\.{field}: {value} is for images, and {kind}:.*"):
        open_dataset(replace(make_data(kind), **{field: value}))


def test_the_scaling_of_a_run_is_used_and_checked(make_data):
    data = make_data("table")
    given = {"row": Scaling(np.array([1.0, 2.0]), np.array([4.0, 5.0]))}
    own = open_dataset(data, given)
    raw = own.streams[""].source.example(0)["row"]
    np.testing.assert_allclose(own.loader("").example(0)["row"], (raw - [1, 2]) / [4, 5], rtol=1e-6)
    with pytest.raises(InputError, match=r"^data\.source: table:.* use data with the same columns"):
        open_dataset(data, {"row": Scaling(np.zeros(3), np.ones(3))})
    with pytest.raises(InputError, match=r"use data with the same columns"):
        open_dataset(data, {})


def test_in_memory_and_decoded_examples_are_loaded_alike(tmp_path, coloured):
    images = coloured[0]
    labels = np.repeat(np.arange(3), [8, 8, 7])
    np.savez(tmp_path / "a.npz", images=images, labels=labels)
    write_folder(tmp_path, images, labels)
    data = Data(f"npz:{tmp_path}/a.npz", image_size=8, batch_size=10, crop=2, held_out=0.3)
    one, other = (
        open_dataset(replace(data, source=s)).gallery() for s in (data.source, f"folder:{tmp_path}")
    )
    assert all((one[name] == other[name]).all() for name in one)
    assert take(data, 1)[0].keys() == one.keys()
