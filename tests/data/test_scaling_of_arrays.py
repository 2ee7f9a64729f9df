import numpy as np
import pytest
from data_helpers import take

from jaxgan.core import Feature
from jaxgan.data import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.data.examples import Part, in_memory
from jaxgan.data.scaling import Scaling, scaling_of

RNG = np.random.default_rng(0)


def test_apply_and_invert():
    scaling = Scaling(np.array([1e9, 0.0]), np.array([2.0, 1.0]))
    raw = np.array([[1e9 + 1, 3], [1e9 - 4, 0]])
    out = scaling.apply(raw)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, [[0.5, 3], [-2, 0]])
    np.testing.assert_array_equal(scaling.invert(out), raw)


def test_constant_columns_become_zero():
    rows = np.stack([np.full(9, 0.1), np.arange(9.0)], axis=1)
    source = in_memory("some", {"row": Feature("array", (2,))}, {"row": rows})
    scaling = scaling_of(Part(source, np.arange(9)), "row")
    assert scaling.std[0] == 1
    np.testing.assert_allclose(scaling.apply(rows)[:, 0], 0, atol=1e-7)
    np.testing.assert_allclose(scaling.apply(rows).std(0), [0, 1], atol=1e-6)


@pytest.fixture
def table(tmp_path) -> Data:
    """Rows whose last fifth lies elsewhere: statistics of the whole would differ."""
    rows = RNG.normal(3, 2, (50, 2))
    words = ["a" if i < 40 else "b" for i in range(50)]
    rows[40:] += 1000
    lines = [f"{x},{y},{w},{2 * x}" for (x, y), w in zip(rows, words, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join(["x,y,word,z", *lines]))
    return Data(f"table:{tmp_path}/a.csv", batch_size=10, target="z", fold=(2, 5))


def test_a_table_is_standardised_by_its_training_part_alone(table, tmp_path):
    text = (tmp_path / "a.csv").read_text().replace(",word", ",w").replace(",a,", ",0,")
    (tmp_path / "a.csv").write_text(text.replace(",b,", ",1,"))
    own = open_dataset(table)
    source, train = own.streams[""].source, own.streams[""].train
    for name in ("row", "target"):
        raw = source.arrays[name]
        np.testing.assert_allclose(own.scaling[name].mean, raw[train].mean(0), rtol=1e-12)
        np.testing.assert_allclose(own.scaling[name].std, raw[train].std(0), rtol=1e-12)
        assert (own.scaling[name].mean != raw.mean(0)).all()
    epoch = take(table, 4)
    row = np.concatenate([step["row"] for step in epoch])
    np.testing.assert_allclose(row.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(row.std(0), 1, atol=1e-5)
    held_out = list(own.held_out_batches(4))
    assert [len(batch["row"]) for batch in held_out] == [4, 4, 2]
    back = own.scaling["row"].invert(np.concatenate([batch["row"] for batch in held_out]))
    np.testing.assert_allclose(
        back, source.arrays["row"][own.streams[""].held_out.indices], rtol=1e-5, atol=1e-5
    )


@pytest.fixture
def series(tmp_path) -> Data:
    """A ramp of 100 rows, so that a value says where it is from; rows 30 to 32 are missing."""
    rows = [f"{i},{2 * i}" if not 30 <= i < 33 else "" for i in range(100)]
    (tmp_path / "a.csv").write_text("\n".join(["a,b", *rows]))
    return Data(f"series:{tmp_path}/a.csv", batch_size=8, past=6, future=3, held_out=0.2)


def test_a_series_is_standardised_by_its_training_rows_alone(series):
    own = open_dataset(series)
    seen = np.concatenate([np.arange(30), np.arange(33, 80)])
    for name in ("past", "future"):
        np.testing.assert_allclose(own.scaling[name].mean, [seen.mean(), 2 * seen.mean()])
        np.testing.assert_allclose(own.scaling[name].std, [seen.std(), 2 * seen.std()])


def test_no_training_window_reaches_into_the_end_of_a_series(series):
    own = open_dataset(series)
    scaling = own.scaling["past"]
    for step in take(series, 30):
        whole = scaling.invert(np.concatenate([step["past"], step["future"]], axis=1))[..., 0]
        np.testing.assert_allclose(np.diff(whole, axis=1), 1, atol=1e-3)
        assert whole.max() < 79.5
    futures = [scaling.invert(batch["future"])[..., 0] for batch in own.held_out_batches(5)]
    futures = np.rint(np.concatenate(futures)).astype(int)
    assert sorted(set(futures.ravel())) == list(range(80, 100))
    assert futures[0].tolist() == [80, 81, 82]


def test_folds_of_a_series_are_stretches(series):
    for k in range(1, 6):
        data = Data(series.source, batch_size=8, past=6, future=3, fold=(k, 5))
        own = open_dataset(data).streams[""]
        spans, held = own.source.windows.spans, own.held_out.indices
        low, high = 20 * (k - 1), 20 * k
        train = spans[own.train]
        assert ((train[:, 2] <= low) | (train[:, 0] >= high)).all()
        assert (spans[held, 1] >= low).all()
        assert (spans[held, 2] <= high).all()
