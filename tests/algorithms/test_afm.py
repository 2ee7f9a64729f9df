"""The adversarial flow model: its losses in NumPy, its schedule, the map on its sheet."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import AFM
from jaxgan.algorithms._parts.points import LIMIT, PALE, SIDE, transported
from jaxgan.core import Feature, Spec, advance, several
from jaxgan.data.sources.points import MIXTURES
from jaxgan.errors import InputError
from jaxgan.losses import approximate_r1, r1
from jaxgan.nets import MLPDiscriminator, MLPGenerator, PointDiscriminator
from jaxgan.run.configs import find_config
from tests.small import ALGORITHMS, POINTS, SPEC

KEY = jax.random.key(0)
CONFIG = ALGORITHMS["afm"]
BATCH = {"point": jnp.asarray(np.random.default_rng(0).normal(size=(8, 2)), jnp.float32)}


def dense(variables, x):
    """A net of one hidden layer with ReLU, in NumPy."""
    parts = [variables["params"][f"Dense_{i}"][k] for i in range(2) for k in ("kernel", "bias")]
    w1, b1, w2, b2 = (np.asarray(part, np.float64) for part in parts)
    return np.maximum(x @ w1 + b1, 0) @ w2 + b2


def softplus(x):
    return np.log1p(np.exp(x))


def given():
    return jax.jit(CONFIG.build(POINTS).init)(KEY, BATCH).given


def test_the_generators_loss_is_pairs_and_the_way_that_it_moves():
    state, real = given(), np.asarray(BATCH["point"], np.float64)
    z = np.asarray(jax.random.normal(jax.random.split(KEY)[0], (8, 2)), np.float64)
    fake = dense(state.variables["generator"], z)
    scores = [dense(state.variables["discriminator"], x)[:, 0] for x in (real, fake)]
    pairs = softplus(scores[0] - scores[1]).mean()
    for weight in (0.0, 0.3):
        loss, aux = CONFIG.generator_loss(state, BATCH, KEY, lambda step, w=weight: w)
        assert float(loss) == pytest.approx(pairs + weight * ((fake - z) ** 2).mean(), rel=1e-5)
    assert float(aux.metrics["transport"]) == pytest.approx(((fake - z) ** 2).mean(), rel=1e-5)


def test_the_discriminators_loss_is_pairs_penalties_and_centering():
    state, real = given(), np.asarray(BATCH["point"], np.float64)
    k_fake, *noises = jax.random.split(KEY, 3)
    z = np.asarray(jax.random.normal(jax.random.split(k_fake)[0], (8, 2)), np.float64)
    fake = dense(state.variables["generator"], z)
    noises = [np.asarray(jax.random.normal(k, (8, 2)), np.float64) for k in noises]
    score = lambda x: dense(state.variables["discriminator"], x)[:, 0]  # noqa: E731
    loss = (
        softplus(score(fake) - score(real)).mean() + 0.3 * ((score(fake) + score(real)) ** 2).mean()
    )
    for x, noise in zip((real, fake), noises, strict=True):
        loss += 0.7 * (((score(x + 0.1 * noise) - score(x)) / 0.1) ** 2).mean()
    config = replace(CONFIG, penalty=0.7, epsilon=0.1, centering=0.3)
    found, _ = config.discriminator_loss(state, BATCH, KEY)
    assert float(found) == pytest.approx(loss, rel=1e-4)


def test_the_approximation_is_r1_in_expectation():
    def critic(x):
        return jnp.sin(x).sum(1) + x[:, 0] * x[:, 1]

    x = jnp.tile(jnp.asarray([[0.3, -0.5], [1.0, 2.0]]), (50_000, 1))
    expected = float(r1(critic, x))
    assert float(approximate_r1(critic, x, KEY, 0.01)) == pytest.approx(expected, rel=0.02)


def test_the_weight_of_the_way_falls_over_the_run():
    config = replace(CONFIG, transport=0.5, transport_end=0.1)
    free = replace(config, transport=0.0, transport_end=0.0)
    batch = {"point": jnp.stack([BATCH["point"]] * 2)}
    steps = [jax.jit(algorithm.build(POINTS).step) for algorithm in (config, free)]
    state = jax.jit(config.build(POINTS).init)(KEY, batch)
    for step, weight in [(0, 0.5), (10, 0.3), (20, 0.1)]:
        state = state.replace(step=jnp.asarray(step))
        (_, metrics), (_, without) = (take(state, batch, KEY) for take in steps)
        difference = metrics["generator_loss"] - without["generator_loss"]
        assert float(difference) == pytest.approx(weight * float(metrics["transport"]), rel=1e-4)


def test_the_sheet_has_the_map():
    algorithm = CONFIG.build(POINTS)
    weights = jax.jit(algorithm.init)(KEY, BATCH).weights()
    columns = jax.eval_shape(algorithm.show, weights, BATCH, KEY)
    assert set(columns) == {"samples, real points in grey", "map from z, in grey, to G(z)"}
    assert {column.shape for column in columns.values()} == {(1, SIDE, SIDE, 3)}


def test_lines_lead_from_each_code_to_its_sample():
    z, fake = jnp.asarray([[-1.0, 0.0]]), jnp.asarray([[1.0, 0.0]])
    (image,) = transported(z, fake).values()
    pale = np.argwhere(np.isclose(np.asarray(image)[0], PALE).all(-1))
    assert set(pale[:, 0]) == {SIDE // 2 - 1}
    assert len(pale) > 0.9 * SIDE / LIMIT - 6  # the way is 2 of 5 wide, but for its ends' marks
    (image,) = transported(jnp.zeros((1, 1)), jnp.ones((1, 1))).values()
    pale = np.argwhere(np.isclose(np.asarray(image)[0], PALE).all(-1))
    assert np.ptp(pale[:, 0]) > 0.9 * SIDE
    assert np.ptp(pale[:, 1]) == pytest.approx(SIDE / (2 * LIMIT), abs=4)


def test_it_learns_from_a_line_and_from_images():
    line = Spec({"point": Feature("array", (1,))}, steps=20)
    algorithm = replace(CONFIG, discriminator=PointDiscriminator(hidden=4)).build(line)
    state = jax.eval_shape(algorithm.init, KEY, {})
    batch = {"point": jnp.zeros((2, 8, 1))}
    _, metrics = jax.eval_shape(algorithm.step, state, batch, KEY)
    assert "transport" in metrics
    assert algorithm.measure is None  # no modes
    images = AFM(generator=MLPGenerator(hidden=4), discriminator=MLPDiscriminator(hidden=4))
    algorithm = images.build(SPEC)
    state = jax.eval_shape(algorithm.init, KEY, {})
    assert state.players["generator"].variables["params"]["Dense_0"]["kernel"].shape == (64, 4)
    batch = {"image": jnp.zeros((2, 8, 8, 8, 1), jnp.uint8)}
    _, metrics = jax.eval_shape(algorithm.step, state, batch, KEY)
    assert "transport" in metrics


@pytest.mark.parametrize(
    "fields,line",
    [
        ({"transport": -1.0}, "transport: -1.0 is below 0"),
        ({"epsilon": 0.0}, "epsilon: 0.0 is not above 0"),
        ({"ema_decay": 1.0}, "ema_decay: 1.0 is not in"),
        (
            {"discriminator": MLPDiscriminator(norm="batch")},
            "discriminator.norm: the penalty needs",
        ),
    ],
)
def test_fields_that_make_no_sense_are_one_line(fields, line):
    with pytest.raises(InputError, match=rf"algorithm\.{line}"):
        AFM(**{"generator": MLPGenerator(hidden=4), **fields}).build(SPEC)


@pytest.mark.slow
def test_the_map_on_a_line_is_the_optimal_one():
    """Monotone, and near the map of quantiles: codes in order go to modes in order."""
    centres = MIXTURES["line"].centres[:, 0] / np.sqrt(1.25 + 0.05**2)
    spec = Spec({"point": Feature("array", (1,))}, steps=4000)
    algorithm = find_config("afm_ring").algorithm.build(spec)
    state = jax.jit(algorithm.init)(KEY, {})
    step, rng = jax.jit(several(advance(algorithm), 50)), np.random.default_rng(0)
    for _ in range(spec.steps // 50):
        x = rng.choice(centres, (50, 2, 128)) + 0.045 * rng.normal(size=(50, 2, 128))
        state, _ = step(state, {"point": jnp.asarray(x[..., None], jnp.float32)}, KEY)
    z = jnp.linspace(-2, 2, 401)[:, None]
    moved = np.asarray(algorithm.functions["sample"].apply(state.weights(), {"z": z}, KEY))[:, 0]
    assert (np.diff(moved) > -0.02).mean() > 0.98
    middles = np.asarray([-1.15, -0.32, 0.32, 1.15])  # of the four quarters of N(0, 1)
    at = np.interp(middles, z[:, 0], moved)
    np.testing.assert_allclose(at, centres, atol=0.15)
