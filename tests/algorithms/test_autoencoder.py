from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import Autoencoder, Noise
from jaxgan.core import Feature, Spec
from jaxgan.errors import InputError
from jaxgan.nets import ConvDecoder, ConvEncoder, DenseDecoder, DenseEncoder
from jaxgan.ops.lab import rgb_to_lab
from jaxgan.ops.pixels import to_float

KEY = jax.random.key(0)
GREY = Spec({"image": Feature("image", (8, 8, 1))}, 10)
COLOUR = Spec({"image": Feature("image", (8, 8, 3))}, 10)
SMALL = Autoencoder(encoder=DenseEncoder(hidden=8), decoder=DenseDecoder(hidden=8), latent_dim=3)
MAPS = {
    "encoder": ConvEncoder(features=2, depth=1, code="map"),
    "decoder": ConvDecoder(features=2, depth=1, code="map"),
}


def batch_of(spec, n=4):
    shape = (n, *spec.features["image"].shape)
    pixels = np.random.default_rng(0).integers(0, 256, shape)
    return {"image": jnp.asarray(pixels, jnp.uint8)}


def opened(config, spec):
    algorithm = config.build(spec)
    batch = batch_of(spec)
    return algorithm, batch, jax.jit(algorithm.init)(KEY, batch).weights()


def test_a_code_decoded_is_the_reconstruction_and_measure_is_numpys():
    algorithm, batch, weights = opened(SMALL, GREY)
    assert set(algorithm.functions) == {"reconstruct", "encode", "decode"}
    apply = {name: function.apply for name, function in algorithm.functions.items()}
    x = to_float(batch["image"])

    @jax.jit
    def outputs(weights):
        code = apply["encode"](weights, {"image": x}, KEY)
        decoded = apply["decode"](weights, {"code": code}, KEY)
        made = apply["reconstruct"](weights, {"image": x}, KEY)
        return code, decoded, made, algorithm.measure(weights, batch, KEY)

    code, decoded, made, found = outputs(weights)
    assert code.shape == (4, *algorithm.functions["decode"].features["code"].shape)
    np.testing.assert_array_equal(decoded, made)
    mse = np.square(np.asarray(made, np.float64) - np.asarray(x)).mean((1, 2, 3))
    assert set(found) == {"psnr", "mse"}
    np.testing.assert_allclose(found["mse"].compute(), mse.mean(), rtol=1e-5)
    np.testing.assert_allclose(found["psnr"].compute(), (10 * np.log10(4 / mse)).mean(), rtol=1e-5)


def test_a_denoiser_is_measured_before_and_after_and_learns_to_restore():
    config = replace(SMALL, noise=Noise(kind="gaussian", deviation=2.0))
    algorithm, batch, _ = opened(config, GREY)
    assert set(algorithm.functions) == {"restore", "encode", "decode"}
    state, step = jax.jit(algorithm.init)(KEY, batch), jax.jit(algorithm.step)
    measure = jax.jit(algorithm.measure)
    first = measure(state.weights(), batch, KEY)
    for i in range(300):
        state, _ = step(state, batch, jax.random.fold_in(KEY, i))
    last = measure(state.weights(), batch, KEY)
    ends = ["psnr", "psnr_in", "mse", "mse_in"]
    assert set(last) == {f"{end}/gaussian2" for end in ends}
    before, after = (found["psnr/gaussian2"].compute() for found in (first, last))
    assert after > before + 1
    assert after > last["psnr_in/gaussian2"].compute() + 1


def test_lab_keeps_the_lightness_of_its_input_and_rgb_makes_all_channels():
    config = replace(SMALL, **MAPS, colour="lab")
    algorithm, batch, weights = opened(config, COLOUR)
    assert set(algorithm.functions) == {"restore", "encode"}  # a code has no lightness
    restore = jax.jit(algorithm.functions["restore"].apply)
    soft = 0.3 * to_float(batch["image"])  # colours that stay in sRGB
    restored = restore(weights, {"image": soft}, KEY)
    assert restored.shape == soft.shape
    lightness = [rgb_to_lab(x)[..., 0] for x in (soft, restored)]
    np.testing.assert_allclose(*lightness, atol=0.05)
    found = jax.eval_shape(algorithm.measure, weights, batch, KEY)
    assert set(found) == {f"{n}/from_grey_lab" for n in ("psnr", "psnr_in", "mse", "mse_in")}
    assert "decode" in replace(config, colour="rgb").build(COLOUR).functions


def test_a_net_of_maps_restores_an_image_at_its_own_size():
    algorithm, _, weights = opened(replace(SMALL, **MAPS, noise=Noise(kind="blur")), GREY)
    restore = algorithm.functions["restore"]
    assert restore.multiple == 2
    out = jax.eval_shape(restore.apply, weights, {"image": jnp.zeros((1, 12, 10, 1))}, KEY)
    assert out.shape == (1, 12, 10, 1)
    assert algorithm.functions["encode"].gives.shape == (4, 4, 3)


@pytest.mark.parametrize(
    "fields,spec,line",
    [
        ({"colour": "lab"}, GREY, "algorithm.colour: lab needs images of 3 channels"),
        ({"colour": "rgb", "noise": Noise(kind="jpeg")}, COLOUR, "are two tasks"),
        (
            {**MAPS, "decoder": ConvDecoder(features=2, depth=2, code="map")},
            GREY,
            "algorithm.decoder: ConvDecoder makes images of (16, 16, 1) of a code of (4, 4, 3)",
        ),
        ({"latent_dim": 0}, GREY, "algorithm.latent_dim: 0 is below 1"),
        ({"encoder": MAPS["encoder"]}, GREY, "algorithm.decoder.code: vector"),
        ({"noise": Noise(kind="mask", side=1.5)}, GREY, "algorithm.noise.side: 1.5 is not in"),
        ({"noise": Noise(quality=0)}, GREY, "algorithm.noise.quality: 0 is not from 1 to 100"),
        ({"noise": Noise(radius=-1.0)}, GREY, "algorithm.noise.radius: -1.0 is not above 0"),
        (
            {"noise": Noise(kind="jpeg")},
            Spec({"image": Feature("image", (8, 8, 4))}, 1),
            "algorithm.noise.kind: a JPEG file has no opacity",
        ),
        ({}, Spec({"row": Feature("array", (3,))}, 1), "data.source: it gives row"),
        ({"encoder": DenseDecoder()}, GREY, "algorithm.encoder: DenseDecoder has no field outputs"),
    ],
)
def test_what_makes_no_sense_is_one_line(fields, spec, line):
    with pytest.raises(InputError) as error:
        replace(SMALL, **fields).build(spec)
    assert line in str(error.value)
    assert "\n" not in str(error.value)
