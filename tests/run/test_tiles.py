"""Tiles: weights that sum to one, and blends that equal the output of the whole image."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.core import Feature, Function
from jaxgan.errors import InputError
from jaxgan.run.mapping import Mapper
from jaxgan.run.tiles import Canvas, Tiling, tiling

IMAGE = Feature("image", (16, 16, 1))
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("scale", [1, 3])
@pytest.mark.parametrize("tiles", [Tiling(64, 32, 16, 8), Tiling(48, 8, 4, 4), Tiling(32, 16, 8)])
def test_weights_sum_to_one_and_fade_in_the_middle_of_the_overlap(tiles, scale):
    for length in (16, 32, 64, 72, 200, 208, 1000):
        starts, weights = tiles.starts(length), tiles.weights(length, scale)
        size = min(length, tiles.side)
        assert starts[0] == 0
        assert starts[-1] + size == length
        assert all(start % tiles.multiple == 0 for start in starts)
        total = np.zeros(length * scale)
        for start, weight in zip(starts, weights, strict=True):
            assert len(weight) == size * scale
            assert weight.min() >= 0
            total[start * scale : (start + size) * scale] += weight
        np.testing.assert_allclose(total, 1.0, atol=1e-6)
        margin = (tiles.overlap - tiles.ramp) // 2 * scale
        for before, after in itertools.pairwise(starts):
            assert after - before <= tiles.side - tiles.overlap
        for weight in weights[1:]:
            assert (weight[:margin] == 0).all()
        for weight in weights[:-1]:
            assert (weight[len(weight) - margin :] == 0).all()


@pytest.mark.parametrize("side", [None, 64, 100])
@pytest.mark.parametrize("reach,multiple", [(0, 1), (5, 4), (51, 8), (107, 16), (None, 4)])
def test_the_overlap_holds_two_reaches_and_a_ramp_that_meets_no_other(side, reach, multiple):
    f = Function(lambda *a: a, ("image",), IMAGE, multiple, reach=reach)
    tiles = tiling(f, side)
    if tiles is None:
        assert reach is None
        return
    assert tiles.side % multiple == tiles.overlap % multiple == 0
    assert 0 < tiles.overlap <= tiles.side / 2
    assert tiles.ramp <= (tiles.side - tiles.overlap) / 2
    if reach is not None and (side is None or tiles.side >= 4 * reach + 128):
        assert (tiles.overlap - tiles.ramp) / 2 >= reach
    assert tiling(f, 0) is None


@pytest.mark.parametrize("side", [-1, 7])
def test_a_side_that_is_too_small_is_an_error(side):
    f = Function(lambda *a: a, ("image",), IMAGE, multiple=4, reach=2)
    with pytest.raises(InputError, match=r"^tile: .* below 16") as caught:
        tiling(f, side)
    assert "\n" not in str(caught.value)


def blurred(x, reach):
    """The mean over (2 reach + 1)^2 pixels, zeros beyond the image."""
    for axis in (1, 2):
        pads = [(0, 0)] * 4
        pads[axis] = (reach, reach)
        padded = jnp.pad(x, pads)
        n = x.shape[axis]
        parts = [jax.lax.slice_in_dim(padded, i, i + n, axis=axis) for i in range(2 * reach + 1)]
        x = sum(parts) / len(parts)
    return x


def mapper(function, tile):
    return Mapper({"f": function}, {"image": IMAGE}, {}, tile=tile)


@pytest.mark.parametrize("scale", [1, 2])
def test_tiles_equal_the_whole_image(scale):
    """An image, enlarged or not, of a side that nothing divides; also together with small ones."""

    def enlarge(weights, inputs, key):
        x = blurred(inputs["image"], 6)
        return x.repeat(scale, 1).repeat(scale, 2)

    function = Function(enlarge, ("image",), IMAGE, multiple=4, scale=scale, reach=6)
    sizes = ((150, 203), (20, 31), (97, 64), (150, 203))
    images = [RNG.integers(0, 256, (*size, 1), np.uint8) for size in sizes]
    whole = mapper(function, 0).images(images)
    cut = mapper(function, 96)
    assert cut._tiles == Tiling(96, 44, 26, 4)
    for image, one, other in zip(images, whole, cut.images(images, batch=3), strict=True):
        assert one.shape == other.shape == (scale * image.shape[0], scale * image.shape[1], 1)
        assert np.abs(one.astype(int) - other).max() <= 1  # rounding to bytes
        assert np.mean(one != other) < 1e-3


def test_short_tiles_are_equal_within_the_reach_and_smooth_between():
    """With less overlap than the reach asks for, only pixels near a seam can differ, by little."""
    function = Function(
        lambda w, inputs, key: blurred(inputs["image"], 20), ("image",), IMAGE, reach=20
    )
    stripes = RNG.integers(0, 256, (1, 25, 1), np.uint8)
    image = stripes.repeat(8, 1).repeat(64, 0)
    tiles = mapper(function, 64)._tiles
    whole, cut = (mapper(function, side).images([image])[0].astype(int) for side in (0, 64))
    assert (tiles.overlap, tiles.ramp) == (32, 8)
    inside = [start + 32 for start in tiles.starts(200)]  # the middle of a tile
    assert np.abs(whole - cut)[:, inside].max() <= 1
    assert np.abs(whole - cut).max() > 1
    steps = np.abs(np.diff(cut, axis=1)).max()
    assert steps <= np.abs(np.diff(whole, axis=1)).max() + 3


def test_probabilities_of_a_mask_are_blended_and_the_likeliest_class_written():
    """Also for an image in one piece; class 2 where it is bright."""

    def segment(weights, inputs, key):
        x = blurred(inputs["image"], 3)
        return jax.nn.softmax(jnp.concatenate([-x, jnp.full_like(x, -2.0), x], -1))

    function = Function(segment, ("image",), Feature("mask", (16, 16), 3), reach=3)
    image = RNG.integers(0, 256, (90, 120, 1), np.uint8)
    one, other = (mapper(function, side).images([image])[0] for side in (0, 40))
    want = 2 * (blurred(jnp.asarray(image, jnp.float32)[None] / 127.5 - 1, 3)[0, ..., 0] > 0)
    assert one.dtype == other.dtype == np.uint8
    assert np.mean(one != want) < 1e-3
    assert np.mean(one != other) < 1e-3


def test_a_function_of_one_size_takes_no_tiles():
    function = Function(lambda w, inputs, key: inputs["image"], ("image",), IMAGE, multiple=0)
    with pytest.raises(InputError, match=r"^tile: 64, and f takes images of one size"):
        mapper(function, 64)


def test_a_canvas_gives_its_image_with_the_last_tile():
    tiles, image = Tiling(8, 4, 2), RNG.integers(0, 256, (8, 12, 3), np.uint8)
    canvas = Canvas(tiles, image)
    (one, left), (other, right) = canvas.tiles()
    assert canvas.add(other, right) is None
    np.testing.assert_array_equal(canvas.add(one, left), image)
