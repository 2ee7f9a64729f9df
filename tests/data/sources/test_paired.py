import numpy as np
import pytest
from data_helpers import shape_of, take
from PIL import Image

from jaxgan.core import Feature
from jaxgan.data import Data
from jaxgan.data.examples import UnreadableImageError
from jaxgan.data.sources.paired import open_paired
from jaxgan.errors import InputError


def save(path, level=0, size=(6, 4), mode="RGB"):
    """An image of one level, of ``size`` (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, level if mode == "L" else (level,) * len(mode)).save(path)


@pytest.fixture
def folders(tmp_path):
    """Three pairs in two folders; b is 100 levels above a."""
    for i, name in enumerate(("1", "deep/2", "3.of.3")):
        save(tmp_path / "trainA" / f"{name}.png", 10 * i)
        save(tmp_path / "trainB" / f"{name}.webp", 100 + 10 * i)
    return tmp_path


def halves(source):
    """The levels of both images of each pair."""
    pairs = [source.example(i) for i in range(len(source))]
    return {(int(p["a"][0, 0, 0]), round(int(p["b"][0, 0, 0]), -1)) for p in pairs}


def test_files_of_one_name_are_pairs(folders):
    pairs = {(0, 100), (10, 110), (20, 120)}
    for text in (str(folders), f"{folders}/trainA,{folders}/trainB"):
        source = open_paired(text)
        assert len(source) == 3
        assert source.features == {name: Feature("image", (0, 0, 3)) for name in "ab"}
        assert source.example(0)["b"].shape == (4, 6, 3)
        assert halves(source) == pairs


def test_batches_of_pairs(folders):
    batch = take(Data(image_size=4, batch_size=3), 1, open_paired(str(folders)))[0]
    assert batch.keys() == {"a", "b"}
    assert batch["a"].shape == batch["b"].shape == (3, 4, 4, 3)


@pytest.mark.parametrize("alone,there", [("trainA/9.png", "trainB"), ("trainB/9.png", "trainA")])
def test_file_without_its_partner(folders, alone, there):
    save(folders / alone)
    save(folders / "trainA" / "99.png")
    with pytest.raises(
        InputError,
        match=rf"^data\.source: .*/{alone} has no partner in .*/{there} \(2 such files\)",
    ):
        open_paired(str(folders))


def test_two_files_of_one_name(folders):
    save(folders / "trainA" / "1.jpg")
    with pytest.raises(InputError, match=r"trainA has 1\.jpg and 1\.png, of one name"):
        open_paired(str(folders))


def test_domain_without_images(folders):
    (folders / "none").mkdir()
    with pytest.raises(InputError, match=r"no image in .*none.* \(domain b\)$"):
        open_paired(f"{folders}/trainA,{folders}/none")


def test_pair_of_different_sizes(folders):
    save(folders / "trainB" / "1.webp", size=(6, 5))
    source = open_paired(str(folders))
    message = r"trainA/1\.png and .*/trainB/1\.webp \(6 x 4 and 6 x 5 pixels"
    with pytest.raises(UnreadableImageError, match=message):
        source.example(0)
    data = Data(image_size=4, batch_size=3, max_unreadable=0)
    with pytest.raises(
        InputError, match=rf"^data\.source: 1 images cannot be read, now .*{message}"
    ):
        take(data, 1, source)


def test_domains_of_different_channels(tmp_path):
    save(tmp_path / "a" / "1.png", 50, mode="L")
    save(tmp_path / "b" / "1.png", 150)
    text = f"{tmp_path}/a,{tmp_path}/b"
    with pytest.raises(InputError, match=r"^data\.channels: .* domain a has 1 and domain b 3"):
        shape_of(Data(f"paired:{text}"), name="a")
    for channels in (1, 3, 4):
        data = Data(image_size=4, batch_size=1, channels=channels)
        source = open_paired(text)
        assert shape_of(data, source, "a") == shape_of(data, source, "b") == (4, 4, channels)
        batch = take(data, 1, source)[0]
        assert (batch["a"].shape, batch["b"].shape) == ((1, 4, 4, channels),) * 2
        assert (batch["a"].flat[0], batch["b"].flat[0]) == (50, 150)


@pytest.mark.parametrize("split,folder", [("train", "."), ("train", "train"), ("val", "val")])
def test_images_side_by_side(tmp_path, split, folder):
    a, b = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    (tmp_path / folder).mkdir(exist_ok=True)
    Image.fromarray(np.concatenate([a, b], axis=1)).save(tmp_path / folder / "1.png")
    source = open_paired(str(tmp_path), split)
    batch = take(Data(image_size=8, batch_size=1), 1, source)[0]
    np.testing.assert_array_equal(batch["a"][0], a)
    np.testing.assert_array_equal(batch["b"][0], b)


def test_halves_of_an_odd_width(tmp_path):
    save(tmp_path / "1.png", size=(7, 4))
    with pytest.raises(UnreadableImageError, match=r"/1\.png \(7 pixels wide: .* even width\)"):
        open_paired(str(tmp_path)).example(0)


def test_folders_that_are_no_pairs_side_by_side(tmp_path):
    save(tmp_path / "satellite" / "1.png")
    with pytest.raises(InputError, match=r"^data\.source: .*\(satellite/1\.png\).*paired:PATH_A"):
        open_paired(str(tmp_path))
    with pytest.raises(InputError, match=r"^data\.split: .* has no folder val, or valA and valB"):
        open_paired(str(tmp_path), "val")


def test_test_parts(folders, tmp_path):
    assert open_paired(str(folders)).test is None
    save(folders / "testA" / "1.png", 1)
    save(folders / "testB" / "1.png", 2)
    assert halves(open_paired(str(folders)).test()) == {(1, 0)}
    save(tmp_path / "joined" / "train" / "1.png", 9)
    save(tmp_path / "joined" / "test" / "2.png", 7)
    assert halves(open_paired(str(tmp_path / "joined")).test()) == {(7, 10)}
