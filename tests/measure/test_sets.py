"""Sets of images: which ones, in which order, and what is hashed."""

import itertools

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.config import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.data.pipeline import batches
from jaxgan.errors import InputError
from jaxgan.measure.generated import CHUNK, chunk_sampler, classes_of, drawing_function
from jaxgan.measure.sets import as_they_are, as_trained_on, drawn
from jaxgan.run.opened import open_run
from jaxgan.sample import sample
from tests.measure.evaluation_helpers import make_folder, pixels_of
from tests.small import ALGORITHMS, small_run
from tests.test_train import train


def folder(path, **fields):
    return Data(source=str(path), **fields)


def test_a_folder_is_read_whole_and_in_the_order_of_its_names(tmp_path):
    make_folder(tmp_path, 5)
    found = as_they_are(folder(tmp_path))
    places, images = zip(*found.images(range(5)), strict=True)
    assert places == (0, 1, 2, 3, 4)
    np.testing.assert_array_equal(np.stack(images), pixels_of(tmp_path))


def test_fewer_images_are_drawn_by_the_seed_without_repetition(tmp_path):
    make_folder(tmp_path, 40)

    def chosen(seed):
        images = as_they_are(folder(tmp_path), 10, seed).of_process()
        return [image.tobytes() for _, image in images]

    assert len(set(chosen(1))) == 10
    assert chosen(1) == chosen(1) != chosen(2)
    with pytest.raises(InputError, match=r"n: 41 images of .*, which has 40"):
        as_they_are(folder(tmp_path), 41)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_processes_share_every_image_once(tmp_path, processes):
    images = np.random.default_rng(0).integers(0, 256, (2 * CHUNK + 9, 2, 2), np.uint8)
    np.savez(tmp_path / "x.npz", images=images)
    found = as_they_are(Data(source=f"npz:{tmp_path / 'x.npz'}"))
    places = [[i for i, _ in found.of_process(p, processes)] for p in range(processes)]
    assert sorted(itertools.chain(*places)) == list(range(len(images)))
    assert processes == 1 or all(places)


def test_transparency_is_laid_over_white_and_grey_stays_grey(tmp_path):
    pixels = np.array([[[10, 20, 30, 0], [10, 20, 30, 255]]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(np.full((2, 3), 7, np.uint8)).save(tmp_path / "b.png")
    (_, opaque), (_, grey) = as_they_are(folder(tmp_path)).of_process()
    assert opaque.tolist() == [[[255, 255, 255], [10, 20, 30]]]
    assert grey.shape == (2, 3, 1)


def test_what_cannot_be_read_is_left_out_and_named(tmp_path):
    make_folder(tmp_path, 4)
    (tmp_path / "0002.png").write_bytes(b"no image")
    found = as_they_are(folder(tmp_path))
    assert [i for i, _ in found.of_process()] == [0, 1, 3]
    assert list(found.unreadable) == [2]
    assert "0002.png" in found.unreadable[2]
    assert (found.missing(), found.missing(0, 2), found.missing(1, 2)) == (1, 1, 0)


def test_the_reference_of_a_run_is_what_it_trains_on(tmp_path):
    data = Data(source="digits", image_size=12, batch_size=1797)
    batch = next(batches(open_dataset(data), seed=0))
    found = np.stack([image for _, image in as_trained_on(data, (12, 12, 1)).of_process()])
    trained = {image.tobytes() for image in batch["image"]}
    assert found.shape == (1797, 12, 12, 1)
    assert {image.tobytes() for image in found} == trained


def test_the_images_of_a_run_are_those_that_sample_writes(tmp_path):
    train(small_run(ALGORITHMS["cgan"], tmp_path))
    opened = open_run(tmp_path)
    _, function = drawing_function(opened.functions)
    sampler = chunk_sampler(function, classes_of(function, opened.spec.features), 3)
    found = list(drawn(sampler, opened.weights, CHUNK + 6, "run").of_process())
    images = sample(opened, CHUNK + 6, seed=3)["images"]
    assert [i for i, _ in found] == list(range(CHUNK + 6))
    np.testing.assert_array_equal(np.stack([image for _, image in found]), images)


def test_a_reference_is_cropped_as_the_examples_are(tmp_path):
    make_folder(tmp_path, 3, size=20)
    data = Data(source=f"folder:{tmp_path}", image_size=12, batch_size=3, crop=4)
    found = np.stack([image for _, image in as_trained_on(data, (12, 12, 3)).of_process()])
    np.testing.assert_array_equal(found, open_dataset(data).gallery(3)["image"])
    assert found.shape == (3, 12, 12, 3)


def test_the_digest_is_of_the_content_and_of_how_it_is_seen(tmp_path):
    a, b = make_folder(tmp_path / "a", 3), make_folder(tmp_path / "b", 3)
    whole = as_they_are(folder(a)).digest()
    assert whole == as_they_are(folder(b)).digest()
    assert whole != as_trained_on(folder(a), (8, 8, 3)).digest()
    assert whole != as_they_are(folder(a), 2).digest()
    make_folder(b, 1, seed=1)
    assert whole != as_they_are(folder(b)).digest()


@pytest.mark.parametrize(
    "name,message",
    [
        ("nowhere", "reference: 'nowhere' is not a kind"),
        ("folder:nowhere", "reference: there is no folder nowhere"),
        ("no/where", "reference: there is no folder no/where"),
        ("photos", "reference: photos holds images a and b; name one set"),
    ],
)
def test_a_bad_source_is_an_error_of_the_field_that_named_it(name, message):
    with pytest.raises(InputError, match=message):
        as_they_are(Data(source=name), field="reference")
