"""One pass over images: the same for all batches and devices, and right."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.config import Data
from jaxgan.errors import InputError
from jaxgan.measure.collecting import (
    COMPARED,
    Collector,
    Needs,
    UnmeasurableError,
    in_batches,
)
from jaxgan.measure.features import Features
from jaxgan.measure.features.resizing import clean
from jaxgan.measure.sets import as_they_are
from jaxgan.system.devices import Devices
from tests.measure.evaluation_helpers import make_folder, own, pixels_of, projected


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("images"), 37, size=16)


def collect(root, needs, features, *args):
    return Collector(needs, features, *args)(as_they_are(Data(source=str(root))))


def means(side):
    """A network that sees the mean of each colour, and calls them classes."""

    def apply(variables, images):
        del variables
        found = images.mean((1, 2))
        return {"features": found, "logits": found / 2}

    return Features("means/clean", side, clean, {}, apply)


@pytest.mark.parametrize("devices", [1, 4])
@pytest.mark.parametrize("batch_size", [5, 64])
def test_moments_and_rows_are_those_of_all_features(root, batch_size, devices):
    needs = Needs(moments=True, rows=True, pixels=True)
    found = collect(root, needs, own(), batch_size, Devices(devices))
    expected = np.asarray(projected(pixels_of(root)), np.float64)
    assert found.size == 37
    np.testing.assert_allclose(found.rows, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.moments[0], expected.mean(0), rtol=1e-5)
    np.testing.assert_allclose(found.moments[1], np.cov(expected.T), rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(found.pixels, pixels_of(root))


def test_the_score_is_that_of_the_logits(root):
    score = collect(root, Needs(score=True), means(16)).score
    logits = pixels_of(root).mean((1, 2)) / 2
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    order = np.random.RandomState(2020).permutation(37)
    parts = [p[order][i * 37 // 10 : (i + 1) * 37 // 10] for i in range(10)]
    by_split = [np.exp((q * np.log(q / q.mean(0))).sum(1).mean()) for q in parts]
    np.testing.assert_allclose(score, (np.mean(by_split), np.std(by_split)), rtol=1e-4)


def test_images_of_many_sizes_are_resized_on_the_host(tmp_path):
    rng = np.random.default_rng(0)
    images = [
        rng.integers(0, 256, (h, w, 3), np.uint8) for h, w in ((8, 8), (8, 8), (9, 30), (4, 5))
    ]
    for i, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    found = collect(tmp_path, Needs(rows=True), means(8), 2)
    expected = [clean(image[None], 8).mean((1, 2))[0] for image in images]
    np.testing.assert_allclose(found.rows, expected, rtol=1e-4)


def test_a_last_batch_is_filled_up():
    stream = ((i, np.full((2, 2, 1), i, np.uint8)) for i in range(5))
    (_, first), (images, last) = in_batches(stream, 3, None)
    assert first.tolist() == [0, 1, 2]
    assert last.tolist() == [3, 4, -1]
    assert images[:, 0, 0, 0].tolist() == [3, 4, 0]


def test_no_more_pixels_are_kept_than_are_compared(tmp_path):
    images = np.zeros((COMPARED + 3, 16, 16), np.uint8)
    images[-4:] = 1
    np.savez(tmp_path / "x.npz", images=images)
    data = Data(source=f"npz:{tmp_path / 'x.npz'}")
    found = Collector(Needs(pixels=True), None, 4096)(as_they_are(data))
    assert found.pixels.shape == (COMPARED, 16, 16, 1)
    assert found.pixels.sum() == 16 * 16


def broken(variables, images):
    del variables
    return {"features": images.mean((1, 2)) * np.nan}


@pytest.mark.parametrize(
    "n,features,needs,message",
    [
        (1, own(), Needs(moments=True), "statistics need two"),
        (4, own(), Needs(score=True), "is needs a network that classifies"),
        (4, means(8), Needs(score=True), "fewer than the 10 splits"),
        (4, None, Needs(pixels=True), "images of 8x8 have no pyramid"),
        (4, Features("nan", 8, clean, {}, broken), Needs(moments=True), "features: "),
    ],
)
def test_what_cannot_be_measured_is_an_error(tmp_path, n, features, needs, message):
    with pytest.raises(InputError, match=message):
        collect(make_folder(tmp_path, n), needs, features)


def test_pixels_of_several_sizes_are_an_error(tmp_path):
    make_folder(tmp_path, 3, size=16)
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / "z.png")
    for features, needs in ((None, Needs(pixels=True)), (own(), Needs(rows=True))):
        with pytest.raises(UnmeasurableError, match=r"images: not all are of 16x16") as caught:
            collect(tmp_path, needs, features)
        assert caught.value.metrics == (("swd",) if needs.pixels else ())


def test_a_folder_of_unreadable_images_is_an_error(tmp_path):
    make_folder(tmp_path, 3)
    for path in list(tmp_path.glob("*.png"))[1:]:
        path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match="features: "):
        collect(tmp_path, Needs(moments=True), own())
