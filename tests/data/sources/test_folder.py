import os

import numpy as np
import pytest
from data_helpers import dataset, shape_of, take, write_folder
from PIL import Image

from jaxgan.core import Feature
from jaxgan.data import Data
from jaxgan.data.sources.folder import find_files
from jaxgan.data.sources.idx import open_idx
from jaxgan.data.sources.opening import open_streams
from jaxgan.errors import InputError


def open_folder(root):
    return open_streams(Data(source=f"folder:{root}"))[""]


def test_subfolders_are_classes_by_sorted_name(tmp_path):
    for name in ("b/2.PNG", "a/x/deep.Jpeg", "c/1.webp", "a/3.jpg", "a/.hidden.png", ".git/4.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    (tmp_path / "a" / "notes.txt").write_text("no image")
    (tmp_path / "empty").mkdir()
    source = open_folder(tmp_path)
    assert len(source) == 4
    assert (source.features["label"].classes, source.class_names) == (3, ("a", "b", "c"))
    assert [source.example(i)["label"] for i in range(4)] == [0, 0, 1, 2]
    assert source.labels.tolist() == [0, 0, 1, 2]


def test_other_files_are_told_in_a_line(tmp_path):
    for name in ("a.gif", "b/c.bmp", "d.TIFF"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    data = Data(source=f"folder:{tmp_path}", batch_size=3, image_size=4)
    assert open_folder(tmp_path).notes == ()
    assert take(data, 1)[0]["image"].shape == (3, 4, 4, 3)
    for name in ("notes.txt", "b/list.csv", "Thumbs.db", "z.psd", ".hidden"):
        (tmp_path / name).write_text("no image")
    (told,) = [line for line in dataset(data).describe() if "skipped" in line]
    assert told == (
        "data: skipped 4 files that are no images: Thumbs.db, b/list.csv, notes.txt, ..."
    )
    for name in ("b/list.csv", "Thumbs.db", "z.psd"):
        (tmp_path / name).unlink()
    assert find_files(tmp_path).notes == ("skipped 1 file that is no image: notes.txt",)


def test_only_regular_files_are_read(tmp_path):
    """To open a pipe waits for its other end, for ever."""
    Image.new("RGB", (4, 4)).save(tmp_path / "b.png")
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "c.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "d.png").mkdir()
    source = open_folder(tmp_path)
    assert len(source) == 1
    assert source.notes == ("skipped 2 files that are no images: a.png, c.png",)
    os.mkfifo(tmp_path / "train-images-idx3-ubyte")
    with pytest.raises(InputError, match="has no train-images"):
        open_idx(str(tmp_path))


def test_no_labels_where_images_lie_in_the_folder_itself(tmp_path):
    for name in ("a.png", "sub/b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / name)
    source = open_folder(tmp_path)
    assert (len(source), source.labels, source.class_names) == (2, None, ())
    assert source.features == {"image": Feature("image", (0, 0, 1))}
    assert take(Data(image_size=4, batch_size=2), 1, source)[0].keys() == {"image"}


def test_images_of_several_sizes_and_kinds_make_one_batch(tmp_path):
    Image.new("RGBA", (9, 5), (200, 100, 50, 255)).save(tmp_path / "a.png")
    Image.new("L", (4, 12), 77).save(tmp_path / "b.png")
    Image.new("I;16", (8, 8), 40000).save(tmp_path / "c.png")
    Image.new("P", (8, 8)).save(tmp_path / "d.png")
    data = Data(source=f"folder:{tmp_path}", image_size=6, batch_size=4, channels=3)
    batch = take(data, 1)[0]["image"]
    assert batch.shape == (4, 6, 6, 3)
    assert sorted(batch[:, 0, 0].tolist()) == [[0, 0, 0], [77] * 3, [156] * 3, [200, 100, 50]]


def test_channels_are_those_of_the_first_image(tmp_path):
    Image.new("RGBA", (4, 4)).save(tmp_path / "a.png")
    Image.new("L", (4, 4)).save(tmp_path / "b.png")
    data = Data(source=f"folder:{tmp_path}", image_size=4, batch_size=2)
    assert shape_of(data) == (4, 4, 4)
    assert take(data, 1)[0]["image"].shape == (2, 4, 4, 4)


def test_photos_are_cropped_as_pillow_would(tmp_path):
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (30, 50, 3), dtype=np.uint8))
    image.save(tmp_path / "a.png")
    data = Data(source=f"folder:{tmp_path}", image_size=12, batch_size=1)
    expected = np.asarray(image.resize((20, 12), Image.Resampling.BICUBIC))[:, 4:16]
    np.testing.assert_array_equal(take(data, 1)[0]["image"][0], expected)


def test_real_photos(real, tmp_path):
    import zipfile

    with zipfile.ZipFile(real("maps") / "maps_256.zip") as archive:
        names = [n for n in archive.namelist() if "val/A_satellite/" in n and n.endswith(".jpg")][
            :6
        ]
        archive.extractall(tmp_path, names)
    data = Data(source=f"folder:{tmp_path}", image_size=32, batch_size=6)
    image = take(data, 1)[0]["image"]
    assert image.shape == (6, 32, 32, 3)
    assert image.std(axis=(1, 2, 3)).min() > 5


@pytest.mark.parametrize(
    "make,message",
    [
        (lambda root: root, "no image in"),
        (lambda root: root / "missing", "there is no folder"),
    ],
)
def test_folder_without_images(tmp_path, make, message):
    with pytest.raises(InputError, match=rf"data\.source: {message}"):
        open_folder(make(tmp_path))


def test_folder_of_damaged_images_only(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="none of the 1 images"):
        open_folder(tmp_path)


def test_classes_of_a_written_folder(tmp_path, coloured):
    images, _ = coloured
    labels = np.repeat(np.arange(3), [8, 8, 7])
    write_folder(tmp_path, images, labels)
    source = open_folder(tmp_path)
    for i in (0, 7, 8, 22):
        image, label = source.example(i).values()
        np.testing.assert_array_equal(image, images[i])
        assert label == labels[i]
