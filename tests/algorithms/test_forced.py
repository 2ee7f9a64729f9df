"""Weights that a layer normalizes keep their norm, however large an optimizer's steps are."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from jaxgan.algorithms import GAN, Adam
from jaxgan.algorithms._parts.forced import forced
from jaxgan.nets import R3GANDiscriminator, R3GANGenerator
from jaxgan.ops.magnitude import MPDense, mp_silu
from tests.small import POINTS, SPEC

KEY = jax.random.key(0)


class Dense(nn.Module):
    """A net of one's own with normalized weights, and a bias that is none."""

    features: int = 2
    magnitude_preserving: bool = True

    @nn.compact
    def __call__(self, x, labels=None, train=True):
        x = MPDense(self.features)(mp_silu(MPDense(8)(x)))
        x = x + self.param("bias", nn.initializers.zeros, (1, self.features))
        return x[:, 0] if self.features == 1 else x


def norms(params):
    """Norms by output of the normalized weights, over the root of their inputs."""
    found = []
    for path, w in jax.tree_util.tree_leaves_with_path(params):
        if path[-1].key.startswith("unit_"):
            flat = np.asarray(w).reshape(-1, w.shape[-1])
            found.append(np.linalg.norm(flat, axis=0) / np.sqrt(len(flat)))
    return np.concatenate(found)


def trained(config, spec, batch, steps=3):
    algorithm = config.build(spec)
    before = state = jax.jit(algorithm.init)(KEY, batch)
    step = jax.jit(algorithm.step)
    for i in range(steps):
        state, metrics = step(state, batch, jax.random.key(i))
    assert np.isfinite(float(metrics["discriminator_loss"]))
    return before, state


def test_the_step_is_the_optimizers_and_then_the_projection():
    net, x = Dense(), jnp.asarray(np.random.default_rng(0).normal(size=(6, 3)), jnp.float32)
    params = net.init(KEY, x)["params"]
    grads = jax.grad(lambda p: jnp.square(net.apply({"params": p}, x)).sum())(params)
    tx = forced(net, optax.sgd(0.5))
    updates, _ = tx.update(grads, tx.init(params), params)
    new = optax.apply_updates(params, updates)
    for name in ("MPDense_0", "MPDense_1"):
        w = np.asarray(params[name]["unit_kernel"] - 0.5 * grads[name]["unit_kernel"])
        expected = w / np.linalg.norm(w, axis=0) * np.sqrt(len(w))
        np.testing.assert_allclose(new[name]["unit_kernel"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(new["bias"], -0.5 * grads["bias"], rtol=1e-5)


def test_another_net_has_the_optimizer_itself():
    tx = optax.sgd(0.5)
    assert forced(Dense(magnitude_preserving=False), tx) is tx
    assert forced(nn.Dense(1), tx) is tx


@pytest.mark.parametrize("share_fakes", [False, True])
def test_norms_stay_in_training(share_fakes):
    rule = Adam(lr=0.1, b1=0.0)
    config = GAN(
        generator=Dense(),
        discriminator=Dense(1),
        latent_dim=4,
        generator_optimizer=rule,
        discriminator_optimizer=rule,
        share_fakes=share_fakes,
    )
    points = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    before, after = trained(config, POINTS, {"point": jnp.asarray(points)})
    for name, player in after.players.items():
        np.testing.assert_allclose(norms(player.variables["params"]), 1, rtol=1e-5)
        old = before.players[name].variables["params"]
        moved = jax.tree.map(lambda a, b: (a != b).any(), old, player.variables["params"])
        assert all(jax.tree.leaves(moved))


@pytest.mark.slow
def test_norms_stay_in_r3gans_nets():
    sizes = {"features": 8, "blocks": 1, "group": 4, "magnitude_preserving": True}
    rule = Adam(lr=0.1, b1=0.0)
    config = GAN(
        generator=R3GANGenerator(**sizes),
        discriminator=R3GANDiscriminator(**sizes),
        latent_dim=4,
        generator_optimizer=rule,
        discriminator_optimizer=rule,
        conditional=True,
    )
    images = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 1)).astype(np.uint8)
    batch = {"image": images, "label": np.arange(16, dtype=np.int32) % 10}
    before, after = trained(config, SPEC, batch)
    for name, player in after.players.items():
        params, old = player.variables["params"], before.players[name].variables["params"]
        np.testing.assert_allclose(norms(params), 1, rtol=1e-5)
        assert float(abs(params["gain"] - old["gain"])) > 0.01
