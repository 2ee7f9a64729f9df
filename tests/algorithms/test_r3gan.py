"""R3GAN's recipe: scheduled penalties, averages by half-life, reals of the generator's own."""

import functools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import GAN, R3GAN, SGD, WGAN, Penalties
from jaxgan.errors import InputError
from jaxgan.losses import r1, r2, relativistic
from tests.small import ALGORITHMS, DENSE, POINTS

KEY = jax.random.key(0)
CONFIG = ALGORITHMS["r3gan"]


def points(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=(*shape, 8, 2)), jnp.float32)


@functools.cache
def built():
    algorithm = CONFIG.build(POINTS)
    return algorithm, jax.jit(algorithm.init)(KEY, {}), jax.jit(algorithm.step)


def at(step):
    return built()[1].replace(step=jnp.asarray(step))


@pytest.mark.parametrize("step,gamma", [(0, 0.05), (10, 0.0275), (20, 0.005), (30, 0.005)])
def test_the_discriminators_loss_is_pairs_and_a_gamma_that_falls(step, gamma):
    state = at(step)
    _, aux = CONFIG.discriminator_loss(state.given, {"point": points(1)}, KEY)
    factor = CONFIG.penalties.factor(POINTS.decay_steps)
    loss, _ = CONFIG.discriminator_loss(state.given, {"point": points(1)}, KEY, factor)
    fake, _ = CONFIG.generate(state.given, {"point": points(1)}, jax.random.split(KEY)[0])

    def critic(x):
        return DENSE["discriminator"].apply(state.given.variables["discriminator"], x)

    pairs = relativistic.discriminator(critic(points(1)), critic(fake))
    penalties = r1(critic, points(1)), r2(critic, fake)
    assert float(loss) == pytest.approx(float(pairs + gamma / 2 * sum(penalties)), rel=1e-5)
    found = [aux.metrics["r1"], aux.metrics["r2"]]
    np.testing.assert_allclose(found, penalties, rtol=1e-5)


def test_the_factor_reaches_the_step_that_was_built():
    """A step whose penalties weigh nothing any more has the loss of the pairs alone."""
    config = replace(CONFIG, penalties=Penalties(r1=0.5, schedule="linear"))
    algorithm, batch = config.build(POINTS), {"point": points(1, 2)}
    take = jax.jit(algorithm.step)
    early, late = (take(at(step), batch, KEY)[1] for step in (0, 20))
    assert early["r1"] == late["r1"]
    difference = early["discriminator_loss"] - late["discriminator_loss"]
    assert float(difference) == pytest.approx(0.25 * float(early["r1"]), rel=1e-4)


@pytest.mark.parametrize("step,half_life", [(0, 0.0), (10, 50.0), (20, 100.0)])
def test_averages_have_a_half_life_in_images_that_grows(step, half_life):
    state = at(step)  # 100 images after 20 steps
    g = state.players["generator"]
    before = jax.tree.map(lambda x: x + 1.0, g.average)
    state = state.replace(players={**state.players, "generator": g.replace(average=before)})
    state, _ = built()[2](state, {"point": points(1, 2)}, KEY)
    decay = 0.5 ** (8 / half_life) if half_life else 0.0
    after = state.players["generator"]
    for name, new in after.variables["params"].items():
        expected = decay * before["params"][name]["kernel"] + (1 - decay) * new["kernel"]
        np.testing.assert_allclose(
            after.average["params"][name]["kernel"], expected, rtol=1e-5, atol=1e-6
        )


def test_the_generator_is_compared_with_reals_of_its_own():
    algorithm = replace(CONFIG, discriminator_optimizer=SGD(lr=1e-30)).build(POINTS)
    assert algorithm.batches_per_step == 2
    take, state = jax.jit(algorithm.step), algorithm.init(KEY, {})

    def after(batch):
        new, metrics = take(state, {"point": batch}, KEY)
        params = new.players["generator"].variables["params"]
        return np.asarray(params["Dense_0"]["kernel"]), metrics["discriminator_loss"]

    batch = points(1, 2)
    expected, loss = after(batch)
    found, other = after(batch.at[0].add(1.0))
    np.testing.assert_array_equal(found, expected)
    assert other != loss
    found, other = after(batch.at[1].add(1.0))
    assert (found != expected).any()
    assert other == loss


def test_two_updates_of_d_and_reals_of_g_take_three_batches():
    algorithm = replace(CONFIG, n_critic=2).build(POINTS)
    assert algorithm.batches_per_step == 3
    state = jax.eval_shape(algorithm.init, KEY, {})
    _, metrics = jax.eval_shape(algorithm.step, state, {"point": points(1, 3)}, KEY)
    assert "discriminator_loss" in metrics
    with pytest.raises(ValueError, match="whose leading axis is not the 3 batches"):
        jax.eval_shape(algorithm.step, state, {"point": points(1, 2)}, KEY)


def test_fields_that_make_no_sense_are_one_line():
    with pytest.raises(InputError, match=r"algorithm\.fresh_reals: the generator has nothing"):
        GAN(**DENSE, fresh_reals=True).build(POINTS)
    with pytest.raises(InputError, match=r"algorithm\.fresh_reals: the generator has nothing"):
        R3GAN(**DENSE, share_fakes=True).build(POINTS)
    with pytest.raises(InputError, match=r"algorithm\.ema_half_life: -1.0 is below 0"):
        R3GAN(**DENSE, ema_half_life=-1.0).build(POINTS)
    with pytest.raises(InputError, match=r"algorithm\.penalties\.end: -0.1 is below 0"):
        GAN(**DENSE, penalties=Penalties(r1=1.0, end=-0.1)).build(POINTS)
    critic = {"generator": DENSE["generator"], "critic": DENSE["discriminator"]}
    penalties = Penalties(gradient_penalty=10.0, schedule="linear")
    with pytest.raises(InputError, match=r"algorithm\.penalties\.schedule: linear is not offered"):
        WGAN(**critic, penalties=penalties).build(POINTS)
