"""Grids and files."""

import numpy as np
import pytest
from PIL import Image

from jaxgan.run.pictures import grid, letterboxed, sheet, shrunk, write_curves, write_png


def test_grid_places_every_cell():
    cells = np.arange(6, dtype=np.uint8).reshape(2, 3, 1, 1, 1) * np.ones((1, 1, 4, 5, 1), np.uint8)
    sheet = grid(cells, gap=2)
    assert sheet.shape == (4 + 2 + 4, 5 + 2 + 5 + 2 + 5, 1)
    assert (sheet[0:4, 7:12] == 1).all()
    assert (sheet[6:10, 14:19] == 5).all()
    assert (sheet[4:6] == 255).all()


RNG = np.random.default_rng(0)
TITLES = [f"{kind} {side}" for side in "AB" for kind in ("real", "fake", "cycle", "identity")]


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("side", [8, 28, 64, 256])
def test_titles_stand_above_their_columns_and_apart_from_each_other(side, channels):
    cells = np.full((2, 8, side, side, channels), 100, np.uint8)
    bare, titled = grid(cells), grid(cells, titles=TITLES)
    assert titled.dtype == np.uint8
    strip, below = np.split(titled, [len(titled) - len(bare)])
    np.testing.assert_array_equal(below, bare)
    assert (strip[..., 3:] == 255).all()  # opaque
    assert (strip[..., :3] == strip[..., :1]).all()  # grey
    ink = strip[..., 0] < 128
    for j in range(8):
        left = j * (side + 2)
        columns = np.flatnonzero(ink[:, left : left + side].any(0))
        assert abs(columns.min() + columns.max() + 1 - side) <= 3  # centred
    assert not any(ink[:, j * (side + 2) - 2 : j * (side + 2)].any() for j in range(1, 8))


def test_titles_are_in_one_line_where_they_fit_and_wrapped_where_not():
    heights = {
        side: len(grid(np.zeros((1, 8, side, side, 3), np.uint8), titles=TITLES)) - side
        for side in (24, 64, 128, 256)
    }
    assert heights[64] == heights[128] < heights[24] < 2 * heights[256]


def test_a_title_a_column():
    with pytest.raises(ValueError, match="zip"):
        grid(np.zeros((1, 3, 8, 8, 1), np.uint8), titles=("a", "b"))


def enlarged(images, scale):
    return images.repeat(scale, -3).repeat(scale, -2)


@pytest.mark.parametrize(
    "rows,columns,side,scale",
    [
        (10, 10, 28, 2),
        (10, 10, 8, 7),
        (2, 4, 64, 3),
        (10, 10, 64, 1),
        (8, 2, 28, 4),
        (20, 1, 64, 1),
    ],
)
def test_a_sheet_enlarges_small_images_by_a_whole_number(rows, columns, side, scale):
    block = RNG.integers(0, 256, (rows, columns, side, side, 1)).astype(np.uint8)
    np.testing.assert_array_equal(sheet({"": block}), grid(enlarged(block, scale)))


def test_a_sheet_of_titled_columns_is_their_grid():
    images = RNG.integers(0, 256, (3, 2, 64, 64, 3)).astype(np.uint8)
    found = sheet({"real": images[:, 0], "fake": images[:, 1]})
    np.testing.assert_array_equal(found, grid(enlarged(images, 5), titles=("real", "fake")))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_names_stand_beside_the_middle_of_their_rows(channels):
    block = np.full((3, 10, 28, 28, channels), 100, np.uint8)
    names = ("7", "Ankle boot", "a name that takes more than one line")
    bare, named = sheet({"drawn": block}), sheet({"drawn": block}, rows=names)
    assert named.dtype == np.uint8
    left = named.shape[1] - bare.shape[1]
    np.testing.assert_array_equal(named[:, left:], bare)
    assert 0 < left <= 132
    assert (named[:, :left, 3:] == 255).all()  # opaque
    ink = (named[:, :left, 0] < 128).any(1)
    above = len(bare) - (3 * 56 + 2 * 2)
    assert not ink[:above].any()
    for i in range(3):
        lines = np.flatnonzero(ink[above + i * 58 :][:56])
        assert abs(lines.min() + lines.max() + 1 - 56) <= 8
    widths = [
        np.ptp(np.flatnonzero((named[above + i * 58 :][:56, :left, 0] < 128).any(0)))
        for i in range(3)
    ]
    assert widths[0] < widths[1] < widths[2]


def test_a_sheet_holds_columns_of_any_form():
    low = np.full((3, 8, 8, 1), 50, np.uint8)
    high = np.full((4, 32, 32, 3), 100, np.uint8)
    block = np.full((2, 2, 32, 32, 4), 150, np.uint8)
    curves = np.stack([np.sin(np.linspace(0, 9, 50)), np.full(50, np.nan)])
    found = sheet({"low": low, "high": high, "": block, "curves": curves})
    body = found[-(4 * 96 + 3 * 2) :]  # the curves are the highest cells
    assert found.shape[-1] == 4
    assert (found[..., 3] >= 150).all()
    assert (body[48, : 3 * 32, :3] == 50).all()  # enlarged, grey in all colours
    assert (body[48, 98:194, :3] == 100).all()
    assert (body[48, 196:292] == 150).all()
    assert (body[2 * 98 : 3 * 98, 196:388] == 255).all()  # the block has two rows
    assert (body[:96, 392:, :3] < 128).any()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_shrunk_keeps_the_aspect_ratio_and_enlarges_nothing(channels):
    image = np.full((400, 100, channels), 77, np.uint8)
    image[200:] = 177
    image[..., 3:] = 255
    small = shrunk(image, 80)
    assert small.shape == (80, 20, channels)
    assert (small[:36, :, :3] == 77).all()
    assert (small[44:, :, :3] == 177).all()
    assert shrunk(image, 400) is image
    assert shrunk(image[:, :1], 80).shape == (80, 1, channels)


def test_letterboxed_images_stand_in_the_middle_of_white():
    tall, wide = np.zeros((6, 2, 3), np.uint8), np.ones((2, 4, 3), np.uint8)
    cells = letterboxed([tall, wide])
    expected = np.full((2, 6, 4, 3), 255, np.uint8)
    expected[0, :, 1:3] = 0
    expected[1, 2:4] = 1
    np.testing.assert_array_equal(cells, expected)


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


def test_the_curve_of_members_lies_in_a_band_of_one_deviation(tmp_path):
    def painted(*records):
        write_curves(tmp_path / "x.png", records)
        pixels = np.asarray(Image.open(tmp_path / "x.png").convert("RGB"))
        return (pixels[200:220, 200:600] < 250).any(-1).mean()

    steps = [{"images": i, "low_loss": -2.0, "high_loss": 2.0} for i in range(9)]
    own = [{**record, "d_loss": 0.0} for record in steps]
    wide = [{**record, "d_loss_std": 1.5} for record in own]
    assert painted(*own) < 0.5
    assert painted(*wide) > 0.95
