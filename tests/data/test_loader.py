import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from data_helpers import dataset, take, write_folder
from PIL import Image

from jaxgan.data import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.errors import InputError


@pytest.fixture
def damaged(tmp_path) -> Data:
    """20 images of one grey level each, 10 i; numbers 4, 5 and 19 are cut short."""
    images = (10 * np.arange(20, dtype=np.uint8))[:, None, None, None] * np.ones(
        (1, 8, 8, 3), np.uint8
    )
    write_folder(tmp_path, images, np.zeros(20, int))
    for i in (4, 5, 19):
        file = tmp_path / "class0" / f"{i:03}.png"
        file.write_bytes(file.read_bytes()[:50])
    return Data(source=f"folder:{tmp_path}", image_size=8, batch_size=10, max_unreadable=3)


def levels(data: Data, count: int, **options) -> list[np.ndarray]:
    return [step["image"][:, 0, 0, 0] // 10 for step in take(data, count, **options)]


def test_the_next_readable_image_stands_in(damaged):
    epoch = np.sort(np.concatenate(levels(damaged, 2)))
    assert list(epoch) == [0, 0, 1, 2, 3, *[6] * 3, *range(7, 19)]


def test_order_with_damaged_images_is_still_a_function_of_the_step(damaged):
    straight = levels(damaged, 6)
    np.testing.assert_array_equal(levels(damaged, 2, start_step=4), straight[4:])


def test_each_damaged_file_is_told_once(damaged, caplog):
    loader = open_dataset(damaged).loader("")
    for i in list(range(20)) * 2:
        loader.example(i)
    files = [record.message for record in caplog.records]
    assert len(files) == 3
    assert all(f"{i:03}.png" in file for i, file in zip((4, 5, 19), files, strict=True))


def test_an_image_of_the_same_part_stands_in(damaged):
    """A training image never takes the place of a held-out one."""
    for k in range(1, 4):
        own = dataset(replace(damaged, batch_size=1, fold=(k, 3)))
        part = own.streams[""].held_out
        seen = np.concatenate([b["image"][:, 0, 0, 0] // 10 for b in own.held_out_batches(3)])
        assert set(seen) == set(part.indices) - {4, 5, 19}


def test_past_the_limit_the_run_stops_with_the_name_of_the_file(damaged):
    with pytest.raises(InputError) as caught:
        levels(replace(damaged, max_unreadable=2), 20)
    message = str(caught.value)
    assert message.startswith("data.source: 3 images cannot be read, now ")
    assert any(f"{i:03}.png" in message for i in (4, 5, 19))
    assert "--data.max_unreadable 3" in message
    assert "\n" not in message


def test_no_image_is_readable(damaged, tmp_path):
    source = open_dataset(damaged).streams[""].source
    for file in tmp_path.rglob("*.png"):
        file.unlink()
    with pytest.raises(InputError, match=r"no image of folder:.* can be read"):
        levels(replace(damaged, max_unreadable=100), 1, source=source)


def test_other_errors_reach_the_caller_as_they_are(damaged):
    def broken(i: int):
        raise ZeroDivisionError("a bug")

    source = replace(open_dataset(damaged).streams[""].source, example=broken)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        take(damaged, 1, source)


@pytest.mark.slow
def test_a_program_ends_while_images_are_being_decoded(tmp_path):
    """The decoding threads and the interpreter once waited for each other for ever."""
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), dtype=np.uint8)
    for i in range(8):
        Image.fromarray(noise).save(tmp_path / f"{i}.jpg")
    code = (
        "from jaxgan.data import Data\n"
        "from jaxgan.data.dataset import open_dataset\n"
        "from jaxgan.data.pipeline import batches\n"
        f"data = Data(source='folder:{tmp_path}', batch_size=8)\n"
        "stream = batches(open_dataset(data), seed=0)\n"
        "print(next(stream)['image'].shape)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert out.stdout == "(8, 28, 28, 3)\n"
