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
    source = open_unpaired(str(root))
    assert (len(source.a), len(source.b), source.num_classes) == (3, 2, 0)
    assert source.a.example(0)[0].max() == 18
    assert source.b.example(0)[0].max() == 12
    test = open_unpaired(str(root), "test")
    assert (len(test.a), len(test.b)) == (1, 1)


def test_two_folders(root):
    source = open_unpaired(f"{root}/trainB,{root}/testA")
    assert (len(source.a), len(source.b)) == (2, 1)


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
