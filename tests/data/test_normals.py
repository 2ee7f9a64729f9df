"""Training on normal examples alone, beside a held-out part of all classes."""

import numpy as np
import pytest
from data_helpers import dataset, take, write_folder

from jaxgan.core import Feature
from jaxgan.data import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.data.examples import from_images
from jaxgan.errors import InputError

DIGITS = Data("digits", image_size=8, batch_size=8, held_out=0.2, normal=("1", "7"))


def test_training_is_normal_and_the_held_out_part_has_all_classes():
    opened, plain = open_dataset(DIGITS), open_dataset(Data("digits", image_size=8, held_out=0.2))
    assert set(opened.features) == {"image", "anomaly"}
    assert opened.features["anomaly"] == Feature("label", (), 2)
    assert opened.class_names == ("normal", "anomaly")
    stream, before = opened.streams[""], plain.streams[""]
    labels = before.source.labels
    np.testing.assert_array_equal(stream.train, before.train[np.isin(labels[before.train], (1, 7))])
    np.testing.assert_array_equal(stream.held_out.indices, before.held_out.indices)
    batches = list(opened.held_out_batches(100))
    found = np.concatenate([batch["anomaly"] for batch in batches])
    np.testing.assert_array_equal(found, ~np.isin(labels[before.held_out.indices], (1, 7)))
    assert found.dtype == np.int32


@pytest.mark.parametrize("on_device", [False, True])
def test_no_batch_has_an_anomaly(on_device):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 60)
    images = np.tile(labels.astype(np.uint8)[:, None, None, None], (1, 2, 2, 1))
    data = Data(image_size=2, batch_size=10, normal=("1", "3"), on_device=on_device)
    for batch in take(data, 5, from_images("some", images, labels)):
        assert set(np.unique(batch["image"])) <= {1, 3}
        assert not np.any(batch["anomaly"])


def test_a_test_part_and_a_folder_are_marked_by_name(write_idx, tmp_path):
    for name, n in (("train", 20), ("t10k", 6)):
        write_idx(f"{name}-images-idx3-ubyte", np.full((n, 3, 3), n, np.uint8))
        write_idx(f"{name}-labels-idx1-ubyte", np.arange(n, dtype=np.uint8) % 2)
    idx = Data(f"idx:{tmp_path}", image_size=3, batch_size=5, normal=("1",))
    (batch,) = open_dataset(idx).held_out_batches(6)
    np.testing.assert_array_equal(batch["anomaly"], [1, 0, 1, 0, 1, 0])
    images = np.zeros((10, 3, 3), np.uint8)
    write_folder(tmp_path / "files", images, np.arange(10) % 2)
    data = Data(f"folder:{tmp_path / 'files'}", 3, 2, held_out=0.5, normal=("class0",))
    opened = open_dataset(data)
    assert len(opened.streams[""].train) == 3  # half of five, and one more by the split's rounding
    (batch,) = opened.held_out_batches(5)
    assert sorted(batch["anomaly"].tolist()) in ([0, 0, 0, 1, 1], [0, 0, 1, 1, 1])


def test_rows_are_standardised_by_normal_ones_and_anomalies_can_be_made_rare():
    data = Data("breast_cancer", batch_size=8, held_out=0.5, normal=("benign",))
    opened = open_dataset(data)
    stream = opened.streams[""]
    rows = stream.training.array("row")
    np.testing.assert_allclose(opened.scaling["row"].mean, rows.mean(0))
    assert len(rows) == 179
    rare = dataset(Data(**{**vars(data), "keep": ("malignant:4", "benign:100")})).streams[""]
    assert len(rare.train) == 100
    kept = stream.source.labels[rare.held_out.indices]
    assert np.bincount(kept).tolist() == [178, 4]
    assert set(rare.held_out.indices) <= set(stream.held_out.indices)


@pytest.mark.parametrize(
    "fields,line",
    [
        ({"normal": ("10",)}, r"data\.normal: digits has no class '10': .*it has 0, 1, 2"),
        ({"normal": ("1",), "keep": ("1:0",)}, r"data\.normal: digits has no training example of"),
        ({"source": "photos"}, r"data\.normal: .* has no classes: leave it out"),
        ({"labels": 20}, r"data\.labels: digits gives image and anomaly, and labels are kept"),
        ({"keep": ("2:5000",)}, r"data\.keep: 2:5000 .* at most 35, the held-out examples of 2"),
    ],
)
def test_what_makes_no_sense_is_one_line(fields, line):
    with pytest.raises(InputError, match=f"^{line}") as error:
        open_dataset(Data(**{**vars(DIGITS), **fields}))
    assert "\n" not in str(error.value)


def test_a_table_whose_target_is_not_said(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(InputError, match=r"^data\.normal: .* by --data\.target COLUMN"):
        open_dataset(Data(f"table:{file}", batch_size=1, normal=("x",)))
