"""The methods that find anomalies: losses and scores against NumPy, example by example."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import AnomalyAutoencoder, GANomaly, SkipGANomaly
from jaxgan.algorithms._parts import anomalies
from jaxgan.algorithms._parts.anomalies import heat
from jaxgan.algorithms._parts.networks import features
from jaxgan.core import Feature, Spec
from jaxgan.errors import InputError
from jaxgan.nets import (
    ConvDecoder,
    ConvEncoder,
    DCGANDiscriminator,
    DenseEncoder,
    RowDecoder,
    RowEncoder,
    UNetGenerator,
)
from jaxgan.ops.pixels import to_float
from tests.small import ALGORITHMS, NORMALS, ROWS

KEY = jax.random.key(0)
IMAGES = {
    "anomaly_conv": replace(
        ALGORITHMS["anomaly"],
        encoder=ConvEncoder(features=2, depth=1, norm="batch"),
        decoder=ConvDecoder(features=2, depth=1, norm="batch"),
    ),
    "ganomaly": ALGORITHMS["ganomaly"],
    "skip_ganomaly": ALGORITHMS["skip_ganomaly"],
}
ROW = AnomalyAutoencoder(encoder=RowEncoder(hidden=8), decoder=RowDecoder(hidden=8), latent_dim=2)


def batch_of(spec, n=6):
    rng = np.random.default_rng(0)
    labels = jnp.asarray(np.arange(n) % 2, jnp.int32)
    if "row" in spec.features:
        rows = rng.normal(size=(n, *spec.features["row"].shape))
        return {"row": jnp.asarray(rows, jnp.float32), "anomaly": labels}
    pixels = rng.integers(0, 256, (n, *spec.features["image"].shape))
    return {"image": jnp.asarray(pixels, jnp.uint8), "anomaly": labels}


def trained(config, spec):
    """The algorithm, a batch, and weights and statistics after one step."""
    algorithm, batch = config.build(spec), batch_of(spec)

    @jax.jit
    def after(batch):
        return algorithm.step(algorithm.init(KEY, batch), batch, KEY)[0].weights()

    return algorithm, batch, after(batch)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow if n == "skip_ganomaly" else []) for n in IMAGES],
)
def test_a_score_does_not_depend_on_the_others_of_its_batch(name):
    algorithm, batch, weights = trained(IMAGES[name], NORMALS)
    function = algorithm.functions["score"]
    assert function.takes == ("image",)
    assert function.gives == Feature("array", ())

    @jax.jit
    def found(batch):
        scores = function.apply(weights, {"image": to_float(batch["image"])}, KEY)
        return scores, algorithm.measure(weights, batch, KEY)["score"].rows.table

    scores, table = jax.device_get(found(batch))
    assert scores.shape == (6,)
    assert np.ptp(scores) > 0
    np.testing.assert_allclose(table[:, 0], scores, rtol=1e-5)
    np.testing.assert_array_equal(table[:, 1], batch["anomaly"])
    turned = jax.tree.map(lambda leaf: leaf[::-1], batch)
    np.testing.assert_allclose(found(turned)[0], scores[::-1], rtol=1e-5)
    strange = {**batch, "image": batch["image"].at[1:].set(255)}  # other mates
    np.testing.assert_allclose(found(strange)[0][0], scores[0], rtol=1e-5)


def test_histograms_of_the_sheet_are_numpys_by_kind():
    rng = np.random.default_rng(0)
    scores, anomaly = rng.gamma(2.0, size=96).astype(np.float32), np.arange(96) % 3 == 0
    images = np.zeros((96, 4, 4, 1), np.float32)
    batch = {"anomaly": jnp.asarray(anomaly, jnp.int32)}
    sheet = anomalies.compared(*map(jnp.asarray, (images, images, scores)), batch)
    assert sheet["image"].shape == (8, 4, 4, 1)
    for found, kind in zip(sheet[anomalies.HISTOGRAM], (~anomaly, anomaly), strict=True):
        counts, _ = np.histogram(scores[kind], anomalies.BINS, (0, scores.max()))
        np.testing.assert_allclose(found, counts / kind.sum(), atol=1e-6)
    one_kind = {"anomaly": jnp.zeros(96, jnp.int32)}
    sheet = anomalies.compared(*map(jnp.asarray, (images, images, 0 * scores)), one_kind)
    np.testing.assert_array_equal(sheet[anomalies.HISTOGRAM].sum(1), [1, 0])


def test_rows_are_scored_by_their_squared_error():
    algorithm, batch, weights = trained(ROW, ROWS)
    function = algorithm.functions["score"]
    assert function.takes == ("row",)

    @jax.jit
    def found(batch):
        scores = function.apply(weights, {"row": batch["row"]}, KEY)
        return scores, algorithm.show(weights, batch, KEY)

    scores, sheet = jax.device_get(found(batch))
    error = np.asarray(batch["row"], np.float64) - sheet["reconstruction"]
    np.testing.assert_allclose(scores, np.square(error).mean(1), rtol=1e-5)
    np.testing.assert_allclose(sheet["error"], error, atol=1e-6)


def first_step(config):
    """x, x', scores, features of both by D if there is one, and the metrics of the first step."""
    algorithm, batch = config.build(NORMALS), batch_of(NORMALS)

    @jax.jit
    def found(batch):
        state = algorithm.init(KEY, batch)
        weights, x = state.weights(), to_float(batch["image"])
        made = algorithm.show(weights, batch, KEY)["reconstruction"]
        score = algorithm.functions["score"].apply(weights, {"image": x}, KEY)
        both = ()
        if "discriminator" in weights:
            net = config.discriminator.clone(image_shape=(8, 8, 1))
            d = weights["discriminator"]
            both = [features(net, d, images, train=False) for images in (x, made)]
        return x, made, score, both, algorithm.step(state, batch, KEY)[1]

    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), found(batch))


def test_an_autoencoder_of_images_learns_their_squared_error():
    x, made, score, _, metrics = first_step(ALGORITHMS["anomaly"])
    error = np.square(x - made)
    np.testing.assert_allclose(metrics["autoencoder_loss"], error.mean(), rtol=1e-5)
    np.testing.assert_allclose(score, error.mean((1, 2, 3)), rtol=1e-5)


def test_ganomalys_losses_are_numpys():
    """Of nets without batch statistics, which score as they train."""
    net = DCGANDiscriminator(features=2, norm="none")
    config = replace(
        ALGORITHMS["ganomaly"],
        encoder=net,
        decoder=ALGORITHMS["ganomaly"].decoder.clone(norm="none"),
        discriminator=net,
        adversarial=2.0,
        latent=3.0,
    )
    x, made, score, (f, f_made), metrics = first_step(config)
    adversarial, distance = np.square(f - f_made).mean(), np.abs(x - made).mean()
    np.testing.assert_allclose(metrics["adversarial"], adversarial, rtol=1e-4)
    np.testing.assert_allclose(metrics["reconstruction"], distance, rtol=1e-4)
    np.testing.assert_allclose(metrics["latent"], score.mean(), rtol=1e-4)
    loss = 2 * adversarial + 50 * distance + 3 * score.mean()
    np.testing.assert_allclose(metrics["generator_loss"], loss, rtol=1e-4)


def test_skip_ganomalys_losses_and_score_are_numpys():
    config = replace(
        ALGORITHMS["skip_ganomaly"],
        generator=UNetGenerator(features=2, dropout=0.0, norm="none"),
        discriminator=DCGANDiscriminator(features=2, norm="none"),
    )
    x, made, score, (f, f_made), metrics = first_step(config)
    of_pixels, of_features = np.square(x - made).mean((1, 2, 3)), np.square(f - f_made).mean(1)
    np.testing.assert_allclose(score, 0.9 * of_pixels + 0.1 * of_features, rtol=1e-4)
    np.testing.assert_allclose(metrics["reconstruction"], np.abs(x - made).mean(), rtol=1e-4)
    terms = {"adversarial": 1, "reconstruction": 40, "latent": 1}
    loss = sum(weight * metrics[name] for name, weight in terms.items())
    np.testing.assert_allclose(metrics["generator_loss"], loss, rtol=1e-4)


def test_the_heat_map_is_black_red_yellow_and_white():
    error = jnp.asarray([0.0, 1 / 3, -2 / 3, 2.0]).reshape(1, 1, 4, 1)
    colours = [[-1, -1, -1], [1, -1, -1], [1, 1, -1], [1, 1, 1]]
    np.testing.assert_allclose(heat(error)[0, 0], colours, atol=1e-6)


LABELLED = Spec({"image": Feature("image", (8, 8, 1)), "label": Feature("label", (), 10)}, 10)
TARGET = Spec({"row": Feature("array", (3,)), "target": Feature("array", ())}, 10)


@pytest.mark.parametrize(
    "config,spec,line",
    [
        (AnomalyAutoencoder(), LABELLED, "data.normal: these data have 10 classes: say which"),
        (ROW, TARGET, "data.target: its values are numbers"),
        (AnomalyAutoencoder(), ROWS, "algorithm.encoder: DenseEncoder is made for images"),
        (AnomalyAutoencoder(latent_dim=0), NORMALS, "algorithm.latent_dim: 0 is below 1"),
        (AnomalyAutoencoder(quantile=1.0), NORMALS, "algorithm.quantile: 1.0 is not in (0, 1)"),
        (GANomaly(), ROWS, "data.source: it gives row and anomaly, and this method learns from im"),
        (GANomaly(latent_dim=1), NORMALS, "algorithm.latent_dim: 1 is below 2"),
        (SkipGANomaly(pixels=1.5), NORMALS, "algorithm.pixels: 1.5 is not in [0, 1]"),
        (SkipGANomaly(latent=-1.0), NORMALS, "algorithm.latent: -1.0 is below 0"),
        (GANomaly(encoder=ConvEncoder(code="map")), NORMALS, "algorithm.decoder.code: vector"),
        (
            replace(ROW, encoder=DenseEncoder()),
            ROWS,
            "the data are points: use RowEncoder and RowDecoder",
        ),
    ],
)
def test_what_makes_no_sense_is_one_line(config, spec, line):
    with pytest.raises(InputError) as error:
        config.build(spec)
    assert line in str(error.value)
    assert "\n" not in str(error.value)
