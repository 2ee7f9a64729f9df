"""Statistics of the reference: kept by content, and in pytorch-fid's files."""

from dataclasses import replace

import numpy as np
import pytest

from jaxgan.data.config import Data
from jaxgan.errors import InputError
from jaxgan.measure.collecting import Collector, Needs
from jaxgan.measure.references import read_moments, reference, write_moments
from jaxgan.measure.sets import as_they_are
from tests.measure.evaluation_helpers import make_folder, own

NEEDS = Needs(moments=True, rows=True)
KNOWN = replace(own(), sha256="of known weights")


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


class Counting(Collector):
    passes = 0

    def __call__(self, images, leave=True):
        self.passes += 1
        return super().__call__(images, leave)


@pytest.fixture(scope="module")
def collector():
    return Counting(NEEDS, KNOWN)


def measured(folder, collector, features=KNOWN, needs=NEEDS, cache=True):
    before = collector.passes
    images = as_they_are(Data(source=str(folder)))
    return reference(images, needs, features, collector, cache), collector.passes - before


def test_a_reference_is_collected_once_for_its_content(tmp_path, collector):
    a = make_folder(tmp_path / "a", 9)
    first, passes = measured(a, collector)
    assert passes == 1
    again, passes = measured(make_folder(tmp_path / "b", 9), collector)
    assert passes == 0
    assert again.size == 9
    np.testing.assert_array_equal(again.rows, first.rows)
    np.testing.assert_array_equal(again.moments[1], first.moments[1])
    make_folder(a, 1, seed=1)
    assert measured(a, collector)[1] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"features": replace(KNOWN, sha256="of others")},
        {"features": replace(KNOWN, name="another")},
        {"features": own()},
        {"cache": False},
    ],
)
def test_another_network_or_no_cache_is_collected_anew(tmp_path, collector, change):
    a = make_folder(tmp_path / "a", 5)
    measured(a, collector)
    assert measured(a, collector, **change)[1] == 1


def test_a_damaged_file_is_made_anew(tmp_path, collector):
    a = make_folder(tmp_path / "a", 5)
    measured(a, collector)
    [path] = (tmp_path / "cache").rglob("rows.npz")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.warns(UserWarning, match="made anew"):
        assert measured(a, collector)[1] == 1
    assert measured(a, collector)[1] == 0


def test_moments_go_through_pytorch_fids_file(tmp_path, collector):
    found, _ = measured(make_folder(tmp_path / "a", 7), collector)
    write_moments(tmp_path / "made" / "x.npz", found)
    with np.load(tmp_path / "made" / "x.npz") as file:
        assert sorted(file.files) == ["mu", "sigma"]
    back = read_moments(tmp_path / "made" / "x.npz")
    assert back.size is None
    np.testing.assert_array_equal(back.moments[0], found.moments[0])
    np.testing.assert_array_equal(back.moments[1], found.moments[1])


@pytest.mark.parametrize(
    "arrays,message",
    [
        ({"images": np.zeros(3)}, "has no mu and sigma; name a file of images as npz:"),
        ({"mu": np.zeros(3), "sigma": np.zeros((2, 2))}, "do not go together"),
        (None, "cannot read"),
    ],
)
def test_another_file_is_an_error(tmp_path, arrays, message):
    path = tmp_path / "x.npz"
    path.write_bytes(b"no archive") if arrays is None else np.savez(path, **arrays)
    with pytest.raises(InputError, match=f"reference: .*{message}"):
        read_moments(path)
