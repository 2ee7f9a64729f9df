"""Fast style transfer: its loss, what it freezes, any image afterwards, and bad input."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan.core import Feature, Given, Spec
from jaxgan.errors import InputError
from jaxgan.losses.style import gram
from jaxgan.ops.pixels import to_float
from jaxgan.weights.style import read_style_file
from tests.small import ALGORITHMS, STYLE_WEIGHTS

KEY = jax.random.key(0)
SPEC = Spec({"image": Feature("image", (8, 8, 3))}, steps=2)
SMALL = ALGORITHMS["fast_style"]


def frozen_of(algorithm):
    return {name: value.variables for name, value in algorithm.frozen.items()}


def write_style(path, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def test_the_gram_matrices_of_the_style_are_frozen_under_a_hash_of_their_own(tmp_path):
    pixels = write_style(tmp_path / "s.png")
    algorithm = replace(SMALL, style=str(tmp_path / "s.png")).build(SPEC)
    frozen = frozen_of(algorithm)
    network = read_style_file(STYLE_WEIGHTS).open(("relu1_1",))
    image = to_float(jnp.asarray(pixels[None]))
    maps = jax.jit(lambda v: network(v, image)["relu1_1"])(network.variables)
    maps = maps / frozen["network"]["means"]["relu1_1"].reshape(1, 1, 1, -1)
    np.testing.assert_allclose(frozen["style"]["grams"]["relu1_1"], gram(maps), rtol=1e-4)
    write_style(tmp_path / "s.png", seed=1)
    again = replace(SMALL, style=str(tmp_path / "s.png")).build(SPEC)
    assert again.frozen["style"].sha256 != algorithm.frozen["style"].sha256
    assert again.frozen["network"].sha256 == algorithm.frozen["network"].sha256


def test_the_loss_is_content_style_and_variation_with_their_weights():
    method = replace(
        SMALL, content_weight=2.0, style_weight=3.0, tv_weight=5.0, content_layers=("relu1_1",),
        style_layers=("relu1_1",),
    )  # fmt: skip
    algorithm = method.build(SPEC)
    frozen, x = frozen_of(algorithm), np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3))
    batch = {"image": jnp.asarray(x, jnp.uint8)}
    state = jax.jit(algorithm.init)(KEY, batch)
    variables = {name: player.variables for name, player in state.players.items()}
    net = read_style_file(STYLE_WEIGHTS).open(("relu1_1",))

    @jax.jit
    def compared(variables, frozen):
        given = Given(variables, {}, frozen, 0)
        loss, aux = method.loss(net, given, batch, KEY)
        y = algorithm.functions["stylize"].apply(
            variables, {"image": to_float(batch["image"])}, KEY
        )
        return loss, aux.metrics, [net(frozen["network"], z)["relu1_1"] for z in (batch_x(), y)], y

    def batch_x():
        return to_float(batch["image"])

    loss, metrics, (a, b), y = jax.device_get(compared(variables, frozen))
    np.testing.assert_allclose(metrics["content"], np.square(a - b).mean(), rtol=1e-3)
    rows = b.reshape(4, 64, 64).astype(np.float64)
    errors = rows.transpose(0, 2, 1) @ rows / 64 - frozen["style"]["grams"]["relu1_1"]
    np.testing.assert_allclose(metrics["style"], np.square(errors).mean(), rtol=1e-3)
    tv = np.square(np.diff(y, axis=1)).mean() + np.square(np.diff(y, axis=2)).mean()
    expected = 2 * metrics["content"] + 3 * metrics["style"] + 5 * tv
    np.testing.assert_allclose(loss, expected, rtol=1e-4)


def test_it_takes_any_image_whose_sides_are_multiples_of_four():
    function = SMALL.build(SPEC).functions["stylize"]
    assert (function.takes, function.multiple) == (("image",), 4)


@pytest.mark.parametrize(
    "change,message",
    [
        ({"weights": ""}, r"^algorithm\.weights: style transfer needs .* name a file: VGG-19"),
        ({"style": "none.png"}, r"^algorithm\.style: there is no file none\.png; name an image"),
        ({"style_layers": ("relu4_1",)}, r"^algorithm\.style_layers: relu4_1 is beyond the weigh"),
        ({"style_size": 4}, r"^algorithm\.style_size: 4 is below 8"),
        ({"tv_weight": -1.0}, r"^algorithm\.tv_weight: -1.0 is below 0"),
    ],
)
def test_bad_input_is_one_line(change, message):
    with pytest.raises(InputError, match=message):
        replace(SMALL, **change).build(SPEC)
