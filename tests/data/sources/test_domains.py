from pathlib import Path

import pytest

from jaxgan.data.sources.domains import find_domains
from jaxgan.errors import InputError


def test_two_paths():
    assert find_domains("unpaired", "x,y/z", "train") == (Path("x"), Path("y/z"))


@pytest.mark.parametrize("name", ["root", "with,comma"])
def test_root(tmp_path, name):
    root = tmp_path / name
    for folder in ("trainA", "trainB", "testA", "testB"):
        (root / folder).mkdir(parents=True)
    assert find_domains("unpaired", str(root), "train") == (root / "trainA", root / "trainB")
    assert find_domains("unpaired", str(root), "test") == (root / "testA", root / "testB")
    assert find_domains("unpaired", str(root), "val") is None


def test_one_domain_without_the_other(tmp_path):
    (tmp_path / "trainB").mkdir()
    with pytest.raises(InputError, match=r"^data\.source: .* has trainB and no trainA"):
        find_domains("paired", str(tmp_path), "train")


@pytest.mark.parametrize(
    "text,split,message",
    [
        ("missing", "train", r"source: there is no folder missing"),
        ("a,b,c", "train", r"source: 'a,b,c' is not two folders .*: write paired:PATH_A,PATH_B"),
        ("a,", "train", r"source: 'a,' is not two folders"),
        ("a,b", "test", r"split: two folders have no split 'test', only train"),
    ],
)
def test_what_names_no_domains(text, split, message):
    with pytest.raises(InputError, match=rf"^data\.{message}"):
        find_domains("paired", text, split)
