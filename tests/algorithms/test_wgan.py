"""WGAN and WGAN-GP against their Algorithm 1, written out by hand."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.algorithms import SGD, WGAN, Penalties
from jaxgan.errors import InputError
from jaxgan.losses.penalties import gradient_penalty
from jaxgan.nets import (
    BookDCGANDiscriminator,
    PatchGAN,
    PointDiscriminator,
    ProGANDiscriminator,
)
from tests.small import ALGORITHMS, CRITIC, SPEC

KEY = jax.random.key(0)
LINEAR = SGD(lr=1.0, schedule="linear")
BATCH = {
    "image": jnp.asarray(np.random.default_rng(0).integers(0, 256, (2, 6, 8, 8, 1)), jnp.uint8)
}


def test_clipped_weights_stay_in_the_box():
    algorithm = ALGORITHMS["wgan"].build(SPEC)
    state = jax.jit(algorithm.init)(KEY, BATCH)
    state, _ = jax.jit(algorithm.step)(state, BATCH, KEY)
    critic = jax.tree.leaves(state.players["critic"].variables["params"])
    generator = jax.tree.leaves(state.players["generator"].variables["params"])
    assert max(float(jnp.abs(w).max()) for w in critic) <= np.float32(0.01)
    assert max(float(jnp.abs(w).max()) for w in generator) > 0.01


def test_critic_loss_is_algorithm_1_line_7():
    """E[f(G(z))] - E[f(x)] + lambda E[(||grad f(x_hat)|| - 1)^2], image by image in a loop."""
    gan = WGAN(**CRITIC, dequantize=False)
    algorithm = gan.build(SPEC)
    from jaxgan.algorithms._parts.networks import fit

    gan = replace(
        gan,
        generator=fit(gan.generator, (8, 8, 1), "float32"),
        critic=fit(gan.critic, (8, 8, 1), "float32"),
    )
    state = jax.jit(algorithm.init)(KEY, BATCH)
    variables = {name: player.variables for name, player in state.players.items()}
    batch = {"image": BATCH["image"][0]}
    loss, aux = jax.jit(gan.critic_loss)(state.given, batch, KEY)

    k_fake, _, k_penalty = jax.random.split(KEY, 3)
    z = jax.random.normal(jax.random.split(k_fake)[0], (6, gan.latent_dim))
    fake, _ = gan.generator.apply(variables["generator"], z, train=True, mutable=["batch_stats"])
    real = batch["image"].astype(jnp.float32) / 127.5 - 1

    def score(image):
        return gan.critic.apply(variables["critic"], image[None])[0]

    alpha = jax.random.uniform(k_penalty, (6, 1, 1, 1))
    expected = 0.0
    for x, g, a in zip(real, fake, alpha, strict=True):
        gradient = jax.grad(score)(a * x + (1 - a) * g)
        norm = np.sqrt(np.sum(np.square(np.asarray(gradient, np.float64))))
        expected += (float(score(g)) - float(score(x)) + 10 * (norm - 1) ** 2) / 6
    np.testing.assert_allclose(loss, expected, rtol=1e-4)
    assert {"wasserstein_estimate", "gradient_penalty"} <= aux.metrics.keys()


def test_linear_decay_reaches_zero_for_both_players_at_the_last_step():
    config = replace(ALGORITHMS["wgan_gp"], generator_optimizer=LINEAR, critic_optimizer=LINEAR)
    spec = SPEC._replace(steps=2)
    algorithm = config.build(spec)
    state = jax.jit(algorithm.init)(KEY, BATCH)
    counts = {
        name: optax.tree.get(player.opt_state, "count") for name, player in state.players.items()
    }
    assert {int(c) for c in counts.values()} == {0}
    for _ in range(2):
        state, _ = jax.jit(algorithm.step)(state, BATCH, KEY)
    assert int(optax.tree.get(state.players["critic"].opt_state, "count")) == 4
    assert int(optax.tree.get(state.players["generator"].opt_state, "count")) == 2
    rate = optax.linear_schedule(1.0, 0.0, 4)
    assert float(rate(4)) == 0.0
    still, _ = jax.jit(algorithm.step)(state, BATCH, KEY)
    for name in ("critic", "generator"):
        before = state.players[name].variables["params"]
        after = still.players[name].variables["params"]
        jax.tree.map(np.testing.assert_array_equal, before, after)


@pytest.mark.parametrize(
    "fields,field",
    [
        ({"clip": 0.01}, "algorithm.clip"),
        ({"penalties": Penalties()}, "algorithm.clip"),
        ({"penalties": Penalties(every=4)}, "algorithm.penalties.every"),
        ({"critic": BookDCGANDiscriminator(norm="batch")}, "algorithm.critic.norm"),
        ({"n_critic": 0}, "algorithm.n_critic"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(fields, field):
    with pytest.raises(InputError, match=field):
        WGAN(**{**CRITIC, **fields}).build(SPEC)


@pytest.mark.parametrize(
    ("critic", "field"),
    [
        (ProGANDiscriminator(base=0), r"algorithm\.critic\.base: 0 is below 1"),
        (PatchGAN(layers=0), r"algorithm\.critic\.layers: 0 is below 1"),
        (PointDiscriminator(), r"algorithm\.critic: PointDiscriminator is made for points"),
    ],
)
def test_a_critics_own_errors_name_the_critic(critic, field):
    with pytest.raises(InputError, match=f"^{field}"):
        jax.eval_shape(WGAN(**{**CRITIC, "critic": critic}).build(SPEC).init, KEY, SPEC.batch(2))


def test_a_gradient_penalty_in_bfloat16_is_near_float32():
    """It is of float32 images, and passes back through inner layers in bfloat16."""
    values = {}
    real, fake = jax.random.uniform(KEY, (2, 8, 8, 8, 1), minval=-1.0)
    for dtype in (jnp.float32, jnp.bfloat16):
        net = BookDCGANDiscriminator(features=8, norm="none", image_shape=(8, 8, 1), dtype=dtype)
        variables = net.init(KEY, real)

        def penalty(params, net=net):
            return gradient_penalty(partial(net.apply, {"params": params}), real, fake, KEY)

        value, gradient = jax.jit(jax.value_and_grad(penalty))(variables["params"])
        assert value.dtype == jnp.float32
        values[dtype] = value, jnp.concatenate([g.ravel() for g in jax.tree.leaves(gradient)])
    (value, gradient), (half, half_gradient) = values.values()
    assert 0 < abs(float(half / value) - 1) < 0.01
    assert float(jnp.linalg.norm(half_gradient - gradient) / jnp.linalg.norm(gradient)) < 0.2
