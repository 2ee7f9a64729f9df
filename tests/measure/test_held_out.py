"""A method's own measure: every held-out example once, whatever the batches and the devices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics

from jaxgan.core import Algorithm
from jaxgan.data.config import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.errors import InputError
from jaxgan.measure import held_out
from jaxgan.measure.held_out import HeldOut, can_measure, held_out_size
from jaxgan.metrics import Confusion, Mean, Scores
from jaxgan.system.devices import Devices


@pytest.fixture
def dataset(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (50, 4, 4, 1), np.uint8)
    np.savez(tmp_path / "x.npz", images=images, labels=rng.integers(0, 3, 50))

    def dataset(batch_size=8, share=0.5):
        source = f"npz:{tmp_path / 'x.npz'}"
        return open_dataset(
            Data(source=source, image_size=4, batch_size=batch_size, held_out=share)
        )

    return dataset


def of(measure):
    return Algorithm(init=None, step=None, functions={}, measure=measure)  # pyright: ignore


def brightness(traced=None):
    """The mean brightness, and classes by it; counts its traces."""

    def measure(weights, batch, key):
        del key
        if traced is not None:
            traced.append(batch["image"].shape)
        bright = batch["image"].astype(jnp.float32).mean((1, 2, 3)) * weights["net"]["params"]
        classes = jnp.clip(bright / 100, 0, 2).astype(jnp.int32)
        return {
            "z_first": Mean.create().update(bright),
            "a_last": Confusion.create(3).update(classes, batch["label"]),
            "score": Scores.of(bright, (batch["label"] == 2).astype(jnp.int32)),
        }

    return of(measure)


WEIGHTS = {"net": {"params": jnp.float32(1.0)}}


def expected(dataset):
    batches = list(dataset.held_out_batches(1))
    assert len(batches) == held_out_size(dataset)
    return np.mean([batch["image"].mean() for batch in batches])


def auc(dataset):
    """That of the third class by its brightness, of all examples at once."""
    (batch,) = dataset.held_out_batches(1000)
    return sklearn.metrics.roc_auc_score(batch["label"] == 2, batch["image"].mean((1, 2, 3)))


@pytest.mark.parametrize("batch_size,devices", [(1, 1), (8, 1), (6, 4), (16, 4)])
def test_every_example_counts_once(dataset, batch_size, devices):
    data = dataset(batch_size)
    found = HeldOut(brightness(), data, devices=Devices(devices))(WEIGHTS)
    assert list(found)[:2] == ["z_first", "a_last/mean_iou"]
    assert found["z_first"] == pytest.approx(expected(data), rel=1e-6)
    assert found["score/roc_auc"] == pytest.approx(auc(data))


def test_it_compiles_once_for_a_shape(dataset):
    traced = []
    measured = HeldOut(brightness(traced), dataset(8), devices=Devices(1))
    assert measured.size == 25
    first = measured(WEIGHTS)
    assert [shape[0] for shape in traced] == [8, measured.size % 8][: len(traced)]
    again, count = measured(WEIGHTS), len(traced)
    twice = measured({"net": {"params": jnp.float32(2.0)}})
    assert first == again
    assert twice["z_first"] == pytest.approx(2 * first["z_first"], rel=1e-6)
    assert len(traced) == count


@pytest.mark.parametrize("count", [2, 5])
def test_processes_share_the_batches(dataset, monkeypatch, count):
    """A process without a batch gathers with the others and adds nothing."""
    data, gathered = dataset(8), []

    def measured(process):
        monkeypatch.setattr(jax, "process_index", lambda: process)
        monkeypatch.setattr(jax, "process_count", lambda: count)
        return HeldOut(brightness(), data, devices=Devices(1))(WEIGHTS)

    def gather(tree):
        gathered.append(jax.device_get(tree))
        return [gathered[0]]

    monkeypatch.setattr(held_out, "by_process", gather)
    for process in range(count):
        measured(process)
    shapes = [jax.tree.map(np.shape, tree) for tree in gathered]
    assert all(shape == shapes[0] for shape in shapes)
    monkeypatch.setattr(held_out, "by_process", lambda tree: gathered)
    found = measured(0)
    assert found["z_first"] == pytest.approx(expected(data), rel=1e-6)
    assert found["score/roc_auc"] == pytest.approx(auc(data))


def test_keys_are_of_the_batch_and_the_seed(dataset):
    def noise(weights, batch, key):
        del weights
        return {"noise": Mean.create().update(jax.random.normal(key, batch["label"].shape))}

    a, b, c = (HeldOut(of(noise), dataset(8), s, Devices(1))(WEIGHTS) for s in (0, 0, 1))
    assert a == b != c


def test_what_cannot_be_measured(dataset):
    assert can_measure(brightness(), dataset())
    assert not can_measure(of(None), dataset())
    assert not can_measure(brightness(), dataset(share=0.0))
    with pytest.raises(InputError, match=r"data\.held_out: "):
        HeldOut(brightness(), dataset(share=0.0))(WEIGHTS)
