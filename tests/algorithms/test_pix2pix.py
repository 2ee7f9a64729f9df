"""pix2pix beside PyTorch, and what it refuses."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import SGD, Pix2Pix
from jaxgan.core import Feature, Spec, advance
from jaxgan.errors import InputError
from jaxgan.nets import PatchGAN, UNetGenerator
from tests.small import ALGORITHMS, PAIRS

KEY = jax.random.key(0)
SPEC = Spec({name: Feature("image", (32, 32, 3)) for name in "ab"}, steps=10)


def batch(n, size=32):
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 256, (n, size, size, 3), np.uint8) for name in "ab"}


@pytest.mark.parametrize(
    "direction",
    [pytest.param("ab", marks=pytest.mark.slow), pytest.param("ba", marks=pytest.mark.peers)],
)
def test_one_whole_step_equals_pytorch(direction):
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    from benchmarks.peers import torch_translation as peer

    config = Pix2Pix(
        generator=UNetGenerator(features=8, depth=4, dropout=0.0),
        discriminator=PatchGAN(features=8, norm="batch"),
        direction=direction,
        generator_optimizer=SGD(lr=1.0),
        discriminator_optimizer=SGD(lr=1.0),
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


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["least_squares", "hinge", "relativistic"])
def test_any_objective_trains(objective):
    algorithm = replace(ALGORITHMS["pix2pix"], objective=objective).build(PAIRS)
    state = jax.jit(algorithm.init)(KEY, batch(2, 8))
    new, metrics = jax.jit(advance(algorithm))(state, batch(2, 8), KEY)
    assert all(np.isfinite(value) for value in metrics.values())
    assert new.memory == {}


def test_the_sheet_shows_source_translation_and_target():
    algorithm = replace(ALGORITHMS["pix2pix"], direction="ba").build(PAIRS)
    data = jax.tree.map(jnp.asarray, batch(3, 8))
    weights = jax.jit(algorithm.init)(KEY, data).weights()
    columns = jax.jit(algorithm.show)(weights, data, KEY)
    assert set(columns) == {"real B", "fake A", "real A"}
    assert list(algorithm.functions) == ["ba"]
    a, b = (jnp.asarray(data[name] / np.float32(127.5) - 1) for name in ("a", "b"))
    fake = jax.jit(algorithm.functions["ba"].apply)(weights, {"b": b}, None)
    sheet = np.stack([columns[name] for name in ("real B", "fake A", "real A")], axis=1)
    np.testing.assert_allclose(sheet, np.stack([b, fake, a], axis=1), atol=1e-5)
    measured = jax.jit(algorithm.measure)(weights, data, KEY)
    np.testing.assert_allclose(measured["l1"].compute(), jnp.abs(fake - a).mean(), rtol=1e-5)


def test_images_without_partners_are_refused():
    alone = {name: Feature("image", (32, 32, 3), stream=name) for name in "ab"}
    with pytest.raises(InputError, match="this method learns from pairs"):
        Pix2Pix().build(Spec(alone, 10))
    with pytest.raises(InputError, match=r"l1: -1\.0 is below 0"):
        Pix2Pix(l1=-1.0).build(SPEC)
