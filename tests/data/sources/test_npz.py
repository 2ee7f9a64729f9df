import numpy as np
import pytest

from jaxgan.core import Feature
from jaxgan.data.sources.npz import open_npz
from jaxgan.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)


@pytest.fixture
def saved(tmp_path):
    def save(**arrays) -> str:
        np.savez_compressed(tmp_path / "a.npz", **arrays)
        return str(tmp_path / "a.npz")

    return save


def test_images_and_labels(saved):
    source = open_npz(saved(images=IMAGES, labels=np.array([0, 4, 1, 1, 0, 2], np.int16), extra=1))
    assert source.features["image"] == Feature("image", (4, 5, 3))
    assert (len(source), source.features["label"].classes) == (6, 5)
    assert source.class_names == ("0", "1", "2", "3", "4")
    image, label = source.example(1).values()
    np.testing.assert_array_equal(image, IMAGES[1])
    assert label == 4


def test_grey_without_labels(saved):
    source = open_npz(saved(images=IMAGES[..., 0]))
    assert source.features == {"image": Feature("image", (4, 5, 1))}
    np.testing.assert_array_equal(source.example(2)["image"][..., 0], IMAGES[2, ..., 0])


def test_16_bit_images_are_scaled(saved):
    values = np.array([0, 257 * 100, 65535], np.uint16).reshape(3, 1, 1)
    assert open_npz(saved(images=values)).arrays["image"].ravel().tolist() == [0, 100, 255]


@pytest.mark.parametrize(
    "arrays,message",
    [
        ({"x": IMAGES}, "no array named images; it has x"),
        ({"images": IMAGES / 255}, "are float64: store uint8"),
        ({"images": IMAGES[0, 0]}, r"have shape \(5, 3\)"),
        ({"images": IMAGES[..., :2]}, "2 channels, not 1"),
        ({"images": IMAGES[:0]}, "holds no images"),
        ({"images": np.array([{}, []], object)}, "Python objects, which are never loaded"),
        ({"images": IMAGES, "labels": np.arange(5)}, r"labels of shape \(5,\), not \(6,\)"),
        ({"images": IMAGES, "labels": np.arange(6) - 1}, "labels from -1 to 4"),
        ({"images": IMAGES, "labels": np.arange(6) + 2**31}, "labels from 2147483648"),
        ({"images": IMAGES, "labels": np.arange(6) + 10**9 - 5}, "to 1000000000: .* below 10,000"),
        ({"images": IMAGES, "labels": np.arange(6).view("m8")}, "timedelta64 labels"),
        ({"images": IMAGES, "labels": np.ones(6)}, "float64 labels"),
        ({"images": IMAGES, "labels": np.ones((6, 1), int)}, r"shape \(6, 1\)"),
    ],
)
def test_arrays_of_another_kind(saved, arrays, message):
    with pytest.raises(InputError, match=rf"^data\.source: .*{message}"):
        open_npz(saved(**arrays))


@pytest.mark.parametrize("kept", [0, 3, 0.5, 0.9])
def test_file_cut_short(saved, tmp_path, kept):
    path = tmp_path / "a.npz"
    saved(images=IMAGES)
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(InputError, match=r"cannot read .*a\.npz"):
        open_npz(str(path))


def test_damaged_inside(saved, tmp_path):
    path = tmp_path / "a.npz"
    saved(images=IMAGES)
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"cannot read .*a\.npz"):
        open_npz(str(path))


def test_other_files(tmp_path):
    np.save(tmp_path / "a.npy", IMAGES)
    with pytest.raises(InputError, match="is one array"):
        open_npz(str(tmp_path / "a.npy"))
    with pytest.raises(InputError, match="there is no file"):
        open_npz(str(tmp_path / "missing.npz"))
