import numpy as np
import pytest
from data_helpers import write_folder

from jaxgan.data.sources.unpaired import open_unpaired
from jaxgan.errors import InputError


@pytest.fixture
def root(tmp_path):
    """Domains of 3 and 2 images for training, and 1 of each for a test."""
    for name, count in (("trainA", 3), ("trainB", 2), ("testA", 1), ("testB", 1)):
        images = np.full((count, 4, 4, 3), len(name) * count, np.uint8)
        write_folder(tmp_path / name, images, np.arange(count))
    return tmp_path


def test_the_folders_of_a_root(root):
    streams = open_unpaired(str(root))
    assert {name: len(source) for name, source in streams.items()} == {"a": 3, "b": 2}
    assert streams["a"].example(0).keys() == {"a"}
    assert streams["a"].example(0)["a"].max() == 18
    assert streams["b"].example(0)["b"].max() == 12
    for test in (
        open_unpaired(str(root), "test"), {k: source.test() for k, source in streams.items()},
    ):  # fmt: skip
        assert [len(source) for source in test.values()] == [1, 1]
        assert test["b"].example(0)["b"].max() == 5
        assert test["b"].test is None


def test_two_folders(root):
    streams = open_unpaired(f"{root}/trainB,{root}/testA")
    assert [(len(source), source.test) for source in streams.values()] == [(2, None), (1, None)]


def test_root_without_domains(root):
    with pytest.raises(
        InputError, match=r"^data\.source: .* has no folders trainA and trainB: .*unpaired:PATH_A"
    ):
        open_unpaired(f"{root}/trainA")
    with pytest.raises(InputError, match=r"^data\.split: .* has no folders valA and valB"):
        open_unpaired(str(root), "val")


@pytest.mark.parametrize("a,b,domain", [("none", "trainB", "a"), ("trainA", "none", "b")])
def test_domain_without_images(root, a, b, domain):
    text = f"{root}/{a},{root}/{b}"
    with pytest.raises(InputError, match=rf"there is no folder .*none \(domain {domain}\)$"):
        open_unpaired(text)
    (root / "none").mkdir()
    with pytest.raises(InputError, match=rf"no image in .*none.* \(domain {domain}\)$"):
        open_unpaired(text)
