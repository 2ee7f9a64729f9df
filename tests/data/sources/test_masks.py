import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from data_helpers import take
from PIL import Image

from jaxgan.core import Feature
from jaxgan.data import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.data.examples import UnreadableImageError
from jaxgan.data.sources.masks import open_masks
from jaxgan.errors import InputError

RNG = np.random.default_rng(0)


@pytest.fixture
def write(tmp_path):
    """Writes masks, and an image of noise for each, and gives the text that names them."""

    def save(*masks: np.ndarray | Image.Image, suffix: str = ".png") -> str:
        for i, mask in enumerate(masks):
            mask = Image.fromarray(mask) if isinstance(mask, np.ndarray) else mask
            noise = RNG.integers(0, 256, (mask.height, mask.width, 3), dtype=np.uint8)
            for folder in ("images", "masks"):
                (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(noise).save(tmp_path / "images" / f"{i}.webp")
            mask.save(tmp_path / "masks" / f"{i}{suffix}")
        return f"{tmp_path}/images,{tmp_path}/masks"

    return save


def classes(text: str, i: int = 0) -> np.ndarray:
    return open_masks(text).example(i)["mask"]


def test_class_indices(write):
    one, other = np.array([[0, 1], [4, 1]], np.uint8), np.array([[0, 0], [0, 2]], np.uint8)
    source = open_masks(write(one, other))
    assert len(source) == 2
    assert source.features == {
        "image": Feature("image", (0, 0, 3)), "mask": Feature("mask", (0, 0), 5),
    }  # fmt: skip
    assert source.class_names == ("0", "1", "2", "3", "4")
    np.testing.assert_array_equal(source.example(0)["mask"], one)
    np.testing.assert_array_equal(source.example(1)["mask"], other)
    assert source.notes == (
        "masks are class indices (grey levels): 5 classes; share of the pixels: 0 50.0%, 1 25.0%,"
        " 2 12.5%, 3 0.0%, 4 12.5%",
    )


@pytest.mark.parametrize("mode", ["L", "1", "LA", "P"])
def test_black_and_white(write, mode):
    """0 and 255 are two classes, also where a single file has only one of them."""
    pixels = np.array([[0, 255], [255, 255]], np.uint8)
    images = [Image.fromarray(x) for x in (pixels, np.zeros((2, 2), np.uint8))]
    if mode == "P":
        for image in images:
            image.putpalette([x for x in range(256) for _ in range(3)])
    text = write(*(image if mode in "LP" else image.convert(mode) for image in images))
    np.testing.assert_array_equal(classes(text), pixels // 255)
    assert (classes(text, 1) == 0).all()
    assert open_masks(text).notes[0].startswith("masks are 0 and 255, classes 0 and 1: 2 classes;")


def test_a_palette_keeps_its_indices(write):
    """Two entries of one colour stay two classes."""
    image = Image.new("P", (3, 1))
    image.putpalette([9, 9, 9, 200, 0, 0, 200, 0, 0])
    image.putdata([2, 0, 1])
    text = write(image)
    np.testing.assert_array_equal(classes(text), [[2, 0, 1]])
    assert "class indices (a palette): 3 classes" in open_masks(text).notes[0]


def test_each_colour_is_a_class(write):
    red, green, black = (255, 0, 0), (0, 255, 0), (0, 0, 0)
    text = write(np.array([[red, black]], np.uint8), np.array([[green, red]], np.uint8))
    source = open_masks(text)
    assert source.class_names == ("#000000", "#00ff00", "#ff0000")
    np.testing.assert_array_equal(classes(text, 0), [[2, 0]])
    np.testing.assert_array_equal(classes(text, 1), [[1, 2]])
    assert "#000000 25.0%, #00ff00 25.0%, #ff0000 50.0%" in source.notes[0]


def grey(*values: int) -> np.ndarray:
    return np.array([values], np.uint8)


@pytest.mark.parametrize(
    "masks,message",
    [
        ([grey(0, 255), grey(0, 1)], "have the value 255 (", ),
        ([grey(0, 255), grey(0, 1)], "masks/0.png) beside 1 ("),
        ([grey(0, 254, 255, 3)], "neither 0 and 255 nor class indices: store class indices"),
        ([grey(1, 2, 255)], "a class of unlabelled pixels needs the next free index"),
        ([np.array([[0, 1000]], np.uint16)], "have the value 1000"),
        ([grey(0, 1), np.zeros((1, 2, 3), np.uint8)], "0.png is a mask of grey levels and "),
        ([grey(0, 0), grey(0, 0)], "hold a single value, 0"),
        ([RNG.integers(0, 256, (30, 30, 3), dtype=np.uint8)], "colours, more than 256 classes"),
    ],
)  # fmt: skip
def test_values_that_are_no_classes(write, masks, message):
    with pytest.raises(InputError, match=rf"^data\.source: .*{re.escape(message)}") as caught:
        open_masks(write(*masks))
    assert "\n" not in str(caught.value)


def test_files_without_partner_and_of_other_sizes(write, tmp_path):
    text = write(grey(0, 1), grey(1, 0))
    Image.new("RGB", (3, 1)).save(tmp_path / "images" / "1.webp")
    with pytest.raises(InputError, match=r"1\.png has 2 x 1 pixels.* has 3 x 1: give both") as e:
        open_masks(text)
    assert "\n" not in str(e.value)
    (tmp_path / "masks" / "0.png").unlink()
    with pytest.raises(InputError, match=r"images/0\.webp has no partner in .*masks"):
        open_masks(text)
    with pytest.raises(InputError, match=r"write masks:IMAGES,MASKS"):
        open_masks(str(tmp_path))
    with pytest.raises(InputError, match=r"there is no folder .*x \(images\)"):
        open_masks(f"{tmp_path}/x,{tmp_path}/masks")


def test_a_damaged_mask_is_passed_over(write, tmp_path):
    text = write(grey(0, 1), grey(2, 0))
    (tmp_path / "masks" / "1.png").write_bytes(b"no image")
    source = open_masks(text)
    assert source.class_names == ("0", "1")
    with pytest.raises(UnreadableImageError, match=r"masks/1\.png"):
        source.example(1)


@pytest.fixture
def positions(tmp_path) -> Data:
    """Images whose pixels hold their own places, in quarters of 16 levels; so do their masks."""
    y, x = np.mgrid[:16, :24]
    for i in range(6):
        place = np.stack([y + 100, x + 100, np.full_like(y, i)], axis=-1).astype(np.uint8)
        for folder, pixels in (
            ("images", place),
            ("masks", ((7 * y + x + i) % 5).astype(np.uint8)),
        ):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / folder / f"{i}.png")
    source = f"masks:{tmp_path}/images,{tmp_path}/masks"
    return Data(source, image_size=10, crop=6, batch_size=6, flip=True)


def test_masks_follow_the_window_and_the_side_of_their_image_exactly(positions):
    """Pixel for pixel: the image says where each pixel was, and the mask must be that place's."""
    corners = set()
    for batch in take(positions, 30):
        y, x, i = np.moveaxis(batch["image"].astype(int), -1, 0) - np.array([100, 100, 0]).reshape(
            3, 1, 1, 1
        )
        np.testing.assert_array_equal(batch["mask"], (7 * y + x + i) % 5)
        assert batch["mask"].dtype == np.uint8
        corners |= set(zip(y[:, 0, 0], x[:, 0, 0], strict=True))
    assert len(corners) > 60


def test_coloured_and_resized_images_leave_the_masks_their_values(positions):
    """Values 0, 2 and 4 only, whatever is done to the images."""
    data = replace(positions, image_size=13, crop=9, jitter=0.9)
    plain = replace(data, jitter=0.0)
    for batch, same in zip(take(data, 5), take(plain, 5), strict=True):
        np.testing.assert_array_equal(batch["mask"], same["mask"])
        assert (batch["image"] != same["image"]).any()
        assert set(batch["mask"].ravel()) <= set(range(5))


def test_real_membranes(real, tmp_path):
    with zipfile.ZipFile(real("membrane") / "membrane_em.zip") as archive:
        archive.extractall(tmp_path, [n for n in archive.namelist() if n.startswith("train/")])
    text = f"masks:{tmp_path}/train/image,{tmp_path}/train/label"
    data = Data(text, image_size=64, crop=16, batch_size=4, flip=True, fold=(1, 5))
    own = open_dataset(data)
    assert own.features["mask"] == Feature("mask", (64, 64), 2)
    said = "\n".join(own.describe())
    assert "24 examples to train on, 6 held out" in said
    assert "masks are 0 and 255" in said
    batch = take(data, 1)[0]
    assert set(np.unique(batch["mask"])) == {0, 1}
    dark = [batch["image"][..., 0][batch["mask"] == c].mean() for c in (0, 1)]
    assert dark[0] + 20 < dark[1]  # Membranes are dark, class 0.
