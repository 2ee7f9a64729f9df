"""Windows of images that are not resized."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from data_helpers import assert_same, dataset, take, write_folder

from jaxgan.data import Data
from jaxgan.data.examples import from_images
from jaxgan.data.order import plans
from jaxgan.data.resident import gather, resident
from jaxgan.errors import InputError

DATA = Data(image_size=6, batch_size=10, resize=False)


def placed(count=12, height=9, width=13):
    """Images whose pixels say where they lie: (number, row, column)."""
    where = np.stack(np.mgrid[:count, :height, :width], axis=-1)
    return where.astype(np.uint8)


def corner(window):
    """The row and column of a window, each of whose pixels has to be the image's own."""
    number, top, left = window[0, 0]
    np.testing.assert_array_equal(window, placed()[number, top : top + 6, left : left + 6])
    return int(top), int(left)


def test_windows_are_the_pixels_themselves_and_lie_everywhere():
    batches = take(DATA, 40, from_images("placed", placed()))
    found = {corner(window) for batch in batches for window in batch["image"]}
    assert found == {(y, x) for y in range(4) for x in range(8)}


def test_files_give_the_same_windows_as_arrays(tmp_path):
    write_folder(tmp_path, placed(), np.zeros(12, int))
    files = dataset(replace(DATA, source=f"folder:{tmp_path}"))
    batch = files.loader("").batch(next(plans(files, seed=1))[""])
    assert_same([batch], take(DATA, 1, from_images("placed", placed(), np.zeros(12, int))))


def test_the_device_gathers_the_same_windows():
    source = from_images("placed", placed())
    own = dataset(DATA, source)
    made = jax.jit(lambda x, plan: gather(x, plan, own.features))(
        resident(own), next(plans(own, seed=1))
    )
    assert_same([made], take(DATA, 1, source))


def test_held_out_windows_lie_at_the_centre():
    own = dataset(replace(DATA, held_out=0.5), from_images("placed", placed()))
    (batch,) = own.held_out_batches(6)
    assert {corner(window) for window in batch["image"]} == {(2, 4)}


def test_an_image_smaller_than_the_window_is_refused(tmp_path):
    message = r"data\.image_size: 10 is larger than an image of 9x13, and data\.resize is False"
    large = replace(DATA, image_size=10)
    with pytest.raises(InputError, match=message):
        take(large, 1, from_images("placed", placed()))
    write_folder(tmp_path, placed(), np.zeros(12, int))
    with pytest.raises(InputError, match=message):
        dataset(replace(large, source=f"folder:{tmp_path}")).loader("").example(0)


def test_room_for_a_crop_is_that_of_a_resized_image():
    with pytest.raises(InputError, match=r"^data\.crop: 3 is the room"):
        Data(crop=3, resize=False)
