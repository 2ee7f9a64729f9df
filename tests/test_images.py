"""Grids and files."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.images import grid, write_curves, write_png


def test_grid_places_every_cell():
    cells = np.arange(6, dtype=np.uint8).reshape(2, 3, 1, 1, 1) * np.ones((1, 1, 4, 5, 1), np.uint8)
    sheet = grid(cells, gap=2)
    assert sheet.shape == (4 + 2 + 4, 5 + 2 + 5 + 2 + 5, 1)
    assert (sheet[0:4, 7:12] == 1).all()
    assert (sheet[6:10, 14:19] == 5).all()
    assert (sheet[4:6] == 255).all()


@pytest.mark.parametrize("channels,mode", [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_png_holds_the_bytes(channels, mode, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (3, 5, channels)).astype(np.uint8)
    write_png(tmp_path / "x.png", image)
    loaded = Image.open(tmp_path / "x.png")
    assert loaded.mode == mode
    np.testing.assert_array_equal(np.asarray(loaded).reshape(image.shape), image)
    assert [p.name for p in tmp_path.iterdir()] == ["x.png"]


def test_curves_are_drawn_with_and_without_records(tmp_path):
    write_curves(tmp_path / "none.png", [])
    records = [{"step": i, "images": 4 * i, "g_loss": float(i)} for i in range(3)]
    write_curves(tmp_path / "some.png", records)
    none, some = Image.open(tmp_path / "none.png"), Image.open(tmp_path / "some.png")
    assert none.size == some.size
    assert np.asarray(none).std() < np.asarray(some).std()
