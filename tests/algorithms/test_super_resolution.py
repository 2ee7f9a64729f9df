"""Super-resolution: what G is given, what it is compared with, and images of any size."""

import functools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import SuperResolution
from jaxgan.algorithms._parts.upscaler import Upscaler, turned
from jaxgan.core import Feature, Spec
from jaxgan.errors import InputError
from jaxgan.metrics.accumulator import numbers
from jaxgan.nets import EDSR, FSRCNN, UNetGenerator
from jaxgan.ops import bicubic
from jaxgan.ops.pixels import to_float, to_uint8
from jaxgan.run.mapping import Mapper

KEY = jax.random.key(0)
NET = EDSR(features=2, blocks=1)
LUMA = SuperResolution(generator=NET, colour="luma", residual=True)


def spec(side=24, channels=3):
    return Spec({"image": Feature("image", (side, side, channels))}, steps=10)


def images(side=24, n=3, channels=3):
    shape = (n, side, side, channels)
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


@functools.cache
def silent(config, channels=3):
    """The algorithm, and weights with which G gives 0."""
    algorithm = config.build(spec(channels=channels))
    shapes = jax.eval_shape(algorithm.init, KEY, {"image": images(channels=channels)})
    variables = {name: player.variables for name, player in shapes.players.items()}
    return algorithm, jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), variables)


@jax.jit
def reduced_and_back(y):
    low = to_uint8(bicubic(to_float(y), 1 / 2))
    return low, bicubic(to_float(low), 2)


@pytest.mark.parametrize("loss", ["l1", "l2"])
def test_the_loss_of_a_silent_g_is_that_of_bicubic_enlargement_of_bytes(loss):
    config = SuperResolution(generator=NET, loss=loss, residual=True, turn=False)
    algorithm, _ = silent(config)
    state = jax.jit(algorithm.init)(KEY, {"image": images()})
    player = state.players["generator"]
    zeros = jax.tree.map(jnp.zeros_like, player.variables)
    state = state.replace(players={"generator": player.replace(variables=zeros)})
    _, metrics = jax.jit(algorithm.step)(state, {"image": images()}, KEY)
    enlarged = np.asarray(reduced_and_back(images())[1], np.float64)
    error = enlarged - (images() / 127.5 - 1)
    expected = np.abs(error).mean() if loss == "l1" else (error**2).mean()
    np.testing.assert_allclose(metrics["generator_loss"], expected, rtol=1e-5)


@pytest.mark.parametrize("colour", ["rgb", "luma"])
def test_a_silent_g_enlarges_bicubically_in_both_colours(colour):
    algorithm, weights = silent(replace(LUMA, colour=colour))
    low, expected = reduced_and_back(images())
    upscale = jax.jit(algorithm.functions["upscale"].apply)
    found = upscale(weights, {"image": to_float(low)}, KEY)
    np.testing.assert_allclose(found, jnp.clip(expected, -1, 1), atol=2e-3)


def test_measure_names_its_protocol_and_has_bicubic_beside():
    algorithm, weights = silent(replace(LUMA, colour="rgb"))
    values = numbers(jax.jit(algorithm.measure)(weights, {"image": images()}, KEY))
    kinds = [f"{m}_{c}_x2_border2" for c in ("y", "rgb") for m in ("psnr", "ssim")]
    assert set(values) == {*kinds, *(f"bicubic_{kind}" for kind in kinds)}
    for kind in kinds:
        assert values[kind] == pytest.approx(values[f"bicubic_{kind}"], rel=1e-5)


def test_turns_are_the_eight_symmetries_and_the_pair_turns_together():
    y = np.broadcast_to(images(n=1), (64, 24, 24, 3))
    found = np.asarray(jax.jit(turned)(y, KEY))
    eight = {np.rot90(side, k).tobytes() for side in (y[0], y[0][:, ::-1]) for k in range(4)}
    assert {image.tobytes() for image in found} == eight
    low, high = jax.jit(Upscaler(NET).pairs)({"image": y}, KEY)
    again = to_float(jax.jit(reduced_and_back)(to_uint8(high))[0])
    np.testing.assert_array_equal(low, again)
    np.testing.assert_array_equal(to_uint8(high), found)


def test_images_of_any_size_are_enlarged():
    algorithm, weights = silent(LUMA)
    mapper = Mapper(algorithm.functions, spec().features, weights)
    small = [images()[0, :5, :7], images()[1, :1, :2]]
    for image, made in zip(small, mapper.images(small), strict=True):
        low = to_float(jnp.asarray(image[None]))
        expected = np.asarray(to_uint8(bicubic(low, 2)))[0]
        assert (made.shape, made.dtype) == (expected.shape, np.uint8)
        assert np.abs(made.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    "config,spec,message",
    [
        (
            SuperResolution(generator=FSRCNN(scale=5)),
            spec(),
            r"^algorithm\.generator\.scale: FSRCNN has no x5: use one of 2, 3, 4",
        ),
        (
            SuperResolution(generator=EDSR(scale=3)),
            spec(28),
            r"^data\.image_size: 28 is no multiple of the scale 3; use 27",
        ),
        (
            SuperResolution(generator=UNetGenerator()),
            spec(),
            r"^algorithm\.generator: UNetGenerator enlarges nothing: use EDSR",
        ),
        (LUMA, spec(channels=1), r"^data\.channels: 1 with colour 'luma'; use 3"),
        (SuperResolution(), spec(channels=4), r"^data\.channels: 4 with colour 'rgb'; use 3 or 1"),
    ],
)
def test_what_it_refuses(config, spec, message):
    with pytest.raises(InputError, match=message):
        config.build(spec)
