from dataclasses import replace

import chex
import jax
import numpy as np
import pytest
from scipy import special, stats

from jaxgan.algorithms import VAE
from jaxgan.algorithms.vae import plane
from jaxgan.core import Feature, Spec
from jaxgan.errors import InputError
from jaxgan.nets import ConvDecoder, ConvEncoder, DenseDecoder, DenseEncoder

KEY = jax.random.key(3)
SPEC = Spec({"image": Feature("image", (6, 6, 1))}, 10)
SMALL = VAE(encoder=DenseEncoder(hidden=8), decoder=DenseDecoder(hidden=8), measured_k=(1, 5))
BATCH = {"image": np.random.default_rng(0).integers(0, 256, (7, 6, 6, 1)).astype(np.uint8)}
X = BATCH["image"].reshape(7, -1) / 255.0


def state_of(config):
    algorithm = config.build(SPEC)
    return algorithm, jax.jit(algorithm.init)(KEY, BATCH)


def dense(params, x):
    """The two layers of a dense net in NumPy, in float64."""
    first, last = (
        {name: np.asarray(value, np.float64) for name, value in params[f"Dense_{i}"].items()}
        for i in (0, 1)
    )
    hidden = np.maximum(x @ first["kernel"] + first["bias"], 0)
    return hidden @ last["kernel"] + last["bias"]


def posterior(weights):
    mean, log_variance = np.split(dense(weights["encoder"]["params"], X), 2, axis=1)
    return stats.norm(mean, np.exp(log_variance / 2))


def log_joint(weights, z):
    """log p(x|z) and log p(z), with SciPy."""
    p = special.expit(dense(weights["decoder"]["params"], z))
    likelihood = special.xlogy(X, p) + special.xlogy(1 - X, 1 - p)
    return likelihood.sum(1), stats.norm.logpdf(z).sum(1)


def noise(key):
    return np.asarray(jax.random.normal(key, (7, 2)), np.float64)


def test_the_loss_is_the_negative_elbo_of_numpy():
    algorithm, state = state_of(SMALL)
    weights = state.weights()
    _, metrics = jax.jit(algorithm.step)(state, BATCH, KEY)
    q = posterior(weights)
    z = q.mean() + q.std() * noise(jax.random.split(KEY)[1])
    kl = 0.5 * (q.mean() ** 2 + q.var() - 1 - np.log(q.var())).sum(1)
    np.testing.assert_allclose(metrics["kl"], kl.mean(), rtol=1e-4)
    expected = (kl - log_joint(weights, z)[0]).mean()
    np.testing.assert_allclose(metrics["vae_loss"], expected, rtol=1e-5)


def test_the_importance_weighted_loss_and_measure_are_those_of_numpy():
    algorithm, state = state_of(replace(SMALL, k=5))
    weights = state.weights()
    _, metrics = jax.jit(algorithm.step)(state, BATCH, KEY)
    found = jax.jit(algorithm.measure)(weights, BATCH, KEY)
    assert set(found) == {"negative_elbo/grey", "kl/grey", "nll_k1/grey", "nll_k5/grey"}
    q = posterior(weights)

    def log_weights(key):
        codes = [q.mean() + q.std() * noise(k) for k in jax.random.split(key, 5)]
        return np.stack([sum(log_joint(weights, z)) - q.logpdf(z).sum(1) for z in codes])

    bound = special.logsumexp(log_weights(jax.random.split(KEY)[1]), 0) - np.log(5)
    np.testing.assert_allclose(metrics["vae_loss"], -bound.mean(), rtol=1e-5)
    measured = log_weights(jax.random.split(KEY, 3)[2])
    for k in (1, 5):
        bound = special.logsumexp(measured[:k], 0) - np.log(k)
        np.testing.assert_allclose(found[f"nll_k{k}/grey"].compute(), -bound.mean(), rtol=1e-5)


def test_the_plane_has_its_first_number_to_the_right_and_its_second_upwards():
    z = np.asarray(plane(3)).reshape(3, 3, 2)
    quantiles = stats.norm.ppf([1 / 6, 1 / 2, 5 / 6])
    np.testing.assert_allclose(z[0, :, 0], quantiles, atol=1e-6)
    np.testing.assert_allclose(z[:, 0, 1], quantiles[::-1], atol=1e-6)


def test_names_say_the_form_of_the_pixels_and_the_sheet_the_kind_of_codes():
    def protocol(**fields):
        return replace(SMALL, **fields).protocol

    assert protocol() == "grey"
    assert protocol(binarize="resampled") == "resampled"
    assert protocol(binarize="static", binarize_seed=7) == "static_seed7"
    assert protocol(likelihood="gaussian", deviation=0.25) == "gaussian0.25_grey"
    for dim, shape in ((2, (15, 15, 6, 6, 1)), (3, (7, 7, 6, 6, 1))):
        algorithm = replace(SMALL, latent_dim=dim).build(SPEC)
        weights = jax.eval_shape(algorithm.init, KEY, BATCH).weights()
        columns = jax.eval_shape(algorithm.show, weights, BATCH, KEY)
        assert [c.shape for c in columns.values()][:2] == [(7, 6, 6, 1)] * 2
        assert list(columns.values())[2].shape == shape


def test_a_convolutional_gaussian_vae_with_free_bits_is_of_one_form():
    config = replace(
        SMALL,
        encoder=ConvEncoder(features=2, depth=1),
        decoder=ConvDecoder(features=2, depth=1),
        likelihood="gaussian",
        free_bits=0.5,
    )
    algorithm = config.build(SPEC)
    state = jax.eval_shape(algorithm.init, KEY, BATCH)
    after, metrics = jax.eval_shape(algorithm.step, state, BATCH, KEY)
    chex.assert_trees_all_equal_shapes_and_dtypes(after, state)
    assert {"vae_loss", "kl", "distance"} <= metrics.keys()
    found = jax.eval_shape(algorithm.measure, state.weights(), BATCH, KEY)
    assert "negative_elbo/gaussian0.1_grey" in found


@pytest.mark.parametrize(
    "fields,line",
    [
        ({"k": 5, "beta": 2.0}, "algorithm.k: the importance-weighted bound of 5 codes has no KL"),
        ({"k": 2, "decoder": ConvDecoder(norm="batch")}, "algorithm.k: 2 codes of an image"),
        ({"k": 0}, "algorithm.k: 0 is below 1"),
        ({"measured_k": (10, 0)}, "algorithm.measured_k: 0 is below 1"),
        ({"beta": -1.0}, "algorithm.beta: -1.0 is below 0"),
        ({"deviation": 0.0}, "algorithm.deviation: 0.0 is not above 0"),
        ({"likelihood": "gaussian", "binarize": "static"}, "algorithm.binarize: static makes"),
        ({"encoder": ConvEncoder(code="map")}, "algorithm.encoder.code: map"),
    ],
)
def test_what_makes_no_sense_is_one_line(fields, line):
    with pytest.raises(InputError) as error:
        replace(SMALL, **fields).build(SPEC)
    assert line in str(error.value)
    assert "\n" not in str(error.value)
