"""pix2pix beside PyTorch, and what it refuses."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import Pix2Pix
from jaxgan.core import Spec, advance
from jaxgan.errors import InputError
from jaxgan.nets import PatchGAN, UNetGenerator
from tests.small import ALGORITHMS, DOMAINS

KEY = jax.random.key(0)
SPEC = Spec((32, 32, 3), 0, 10, ("a", "b"), paired=True)


def batch(n, size=32):
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 256, (n, size, size, 3), np.uint8) for name in "ab"}


@pytest.mark.parametrize("direction", ["ab", "ba"])
def test_one_whole_step_equals_pytorch(direction):
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    from benchmarks.peers import torch_translation as peer

    config = Pix2Pix(
        generator=UNetGenerator(features=8, depth=4, dropout=0.0),
        discriminator=PatchGAN(features=8, norm="batch"),
        direction=direction,
        optimizer="sgd",
        learning_rate=1.0,
        decay="constant",
    )
    algorithm, data = config.build(SPEC), batch(2)
    state = jax.jit(algorithm.init)(KEY, data)
    new, metrics = jax.jit(advance(algorithm))(state, data, KEY)
    params = {
        when: {name: player.variables["params"] for name, player in s.players.items()}
        for when, s in (("old", state), ("new", new))
    }
    g = peer.load(peer.UNet(4, 8), params["old"]["generator"])
    d = peer.load(peer.patchgan(3, 8, 6, torch.nn.BatchNorm2d), params["old"]["discriminator"])
    x, y = (peer.to_torch(data[name] / np.float32(127.5) - 1) for name in direction)
    cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits

    def towards(logits, target):
        return cross_entropy(logits, torch.full_like(logits, target))

    fake = g(x)
    real_loss = towards(d(torch.cat([x, y], 1)), 1.0)
    loss = (real_loss + towards(d(torch.cat([x, fake.detach()], 1)), 0.0)) / 2
    loss.backward()
    np.testing.assert_allclose(metrics["discriminator_loss"], loss.item(), rtol=1e-4)
    changed = jax.tree.map(
        lambda p, q: p - q, params["old"]["discriminator"], params["new"]["discriminator"]
    )
    for ours, theirs in zip(peer.kernels(changed), peer.gradients(d), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())

    peer.load(d, params["new"]["discriminator"])
    loss = towards(d(torch.cat([x, fake], 1)), 1.0) + 100 * torch.nn.functional.l1_loss(fake, y)
    loss.backward()
    np.testing.assert_allclose(metrics["generator_loss"], loss.item(), rtol=1e-4)
    changed = jax.tree.map(
        lambda p, q: p - q, params["old"]["generator"], params["new"]["generator"]
    )
    for ours, theirs in zip(peer.kernels(changed), peer.gradients(g), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())


@pytest.mark.parametrize("objective", ["least_squares", "hinge", "relativistic"])
def test_any_objective_trains(objective):
    algorithm = replace(ALGORITHMS["pix2pix"], objective=objective).build(DOMAINS)
    state = jax.jit(algorithm.init)(KEY, batch(2, 8))
    new, metrics = jax.jit(advance(algorithm))(state, batch(2, 8), KEY)
    assert all(np.isfinite(value) for value in metrics.values())
    assert new.memory == {}


def test_the_sheet_shows_source_translation_and_target():
    algorithm = replace(ALGORITHMS["pix2pix"], direction="ba").build(DOMAINS)
    data = batch(3, 8)
    state = algorithm.init(KEY, data)
    variables = {name: player.averaged for name, player in state.players.items()}
    sheet = np.asarray(jax.jit(algorithm.preview)(variables, data, KEY))
    assert algorithm.titles == ("real B", "fake A", "real A")
    assert algorithm.translation.directions == ("ba",)
    a, b = (jnp.asarray(data[name] / np.float32(127.5) - 1) for name in ("a", "b"))
    fake = algorithm.predict(variables, {"b": b})
    np.testing.assert_allclose(sheet, np.stack([b, fake, a], axis=1), atol=1e-5)


def test_images_without_partners_are_refused():
    with pytest.raises(InputError, match="pix2pix learns from pairs"):
        Pix2Pix().build(SPEC._replace(paired=False))
    with pytest.raises(InputError, match=r"l1: -1\.0 is below 0"):
        Pix2Pix(l1=-1.0).build(SPEC)
