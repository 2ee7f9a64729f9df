"""R3GAN against PyTorch's: images, scores, losses, all gradients, and whole steps."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

from jaxgan.algorithms import R3GAN, Adam
from jaxgan.algorithms._parts.latent import Sampler
from jaxgan.algorithms._parts.networks import fit
from jaxgan.core import Feature, Spec, advance
from jaxgan.core.precision import at_precision
from jaxgan.nets import R3GANDiscriminator, R3GANGenerator, r3gan
from jaxgan.ops.pixels import to_float

torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
from benchmarks.peers import torch_r3gan as peer

pytestmark = pytest.mark.peers
KEY, STEPS, N, LATENT, CLASSES = jax.random.key(0), 4, 4, 6, 3
NETS = {"features": 8, "blocks": 1, "group": 4}
SPEC = Spec({"image": Feature("image", (16, 16, 3)), "label": Feature("label", (), CLASSES)}, STEPS)
WIDTHS = [8, 8, 4]  # at 4, 8 and 16 px
CONFIG = R3GAN(
    generator=R3GANGenerator(**NETS),
    discriminator=R3GANDiscriminator(**NETS),
    conditional=True,
    latent_dim=LATENT,
    gamma=0.5,
    gamma_end=0.1,
    optimizer=Adam(lr=3e-3, lr_end=1e-3, b1=0.0, b2=0.9, b2_end=0.99, schedule="cosine"),
    ema_half_life=100.0,
)
GAN = replace(
    CONFIG,
    generator=fit(CONFIG.generator, (16, 16, 3), "float32", CLASSES),
    discriminator=fit(CONFIG.discriminator, (16, 16, 3), "float32", CLASSES),
)
Z = np.random.default_rng(1).normal(size=(N, LATENT)).astype(np.float32)


def batches(seed):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (2, N, 16, 16, 3)).astype(np.uint8)
    return {"image": images, "label": rng.integers(0, CLASSES, (2, N)).astype(np.int32)}


def first(batch):
    return {name: jnp.asarray(value[0]) for name, value in batch.items()}


@pytest.fixture(scope="module", autouse=True)
def _narrow_from_16_px():
    """Channels halve above 8 px and not above 32: fewer sizes to compile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(r3gan, "WHOLE", 8)
        yield


@pytest.fixture(scope="module")
def ours():
    """The algorithm, built with one latent code an example for every draw, and a state.

    Its parameters are not those that it starts with, where the last convolutions are 0.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sampler, "draw", lambda self, key, n: jnp.asarray(Z[:n]))
        algorithm = at_precision(CONFIG.build(SPEC), "highest")
        state = jax.jit(algorithm.init)(KEY, batches(0))
        leaves, tree = jax.tree.flatten({k: p.variables for k, p in state.players.items()})
        rng = np.random.default_rng(0)
        moved = [x + 0.2 * rng.normal(size=x.shape).astype(np.float32) for x in leaves]
        players = {
            name: state.players[name].replace(variables=variables)
            for name, variables in jax.tree.unflatten(tree, moved).items()
        }
        yield algorithm, state.replace(players=players)


def named(net, widths):
    """(PyTorch's parameter, its path in our tree, how ours becomes PyTorch's)."""
    conv = partial(np.moveaxis, source=(3, 2), destination=(0, 1))
    basis = partial(np.moveaxis, source=2, destination=0)
    changes = [i for i, (a, b) in enumerate(pairwise(widths)) if a != b]
    if net == "generator":  # its k1 convolutions are numbered in order, the image's last
        first, image = 0, len(changes)
        yield "basis", ("basis",), basis
    else:
        first, image = 1, 0
        yield "basis.weight", ("basis",), lambda w: basis(w)[:, None]
    yield "image.weight", (f"Conv_{image}", "kernel"), conv
    for k, i in enumerate(changes):
        yield f"changes.{i}.weight", (f"Conv_{first + k}", "kernel"), conv
    for i in range(len(widths)):
        block, own = f"R3GANBlock_{i}", f"stages.{i}.0"
        for j in range(3):
            yield f"{own}.conv_{j}.weight", (block, f"Conv_{j}", "kernel"), conv
        for j in range(2):
            yield f"{own}.bias_{j}", (block, f"Conv_{j}", "bias"), lambda b: b[:, None, None]
    yield "embed.weight", ("Embed_0", "embedding"), np.transpose
    yield "dense.weight", ("Dense_0", "kernel"), np.transpose


def as_torch(net, params, widths):
    """Our parameters or gradients under PyTorch's names; none is left over."""
    flat = traverse_util.flatten_dict(jax.device_get(params))
    found = {name: change(flat.pop(path)) for name, path, change in named(net, widths)}
    assert not flat, list(flat)
    return {name: torch.tensor(np.ascontiguousarray(value)) for name, value in found.items()}


def players(state):
    """PyTorch's nets with our parameters."""
    nets = {
        "generator": peer.Generator(WIDTHS, 1, 4, LATENT, 3, CLASSES),
        "discriminator": peer.Discriminator(WIDTHS[::-1], 1, 4, 3, CLASSES),
    }
    for name, net in nets.items():
        params = state.players[name].variables["params"]
        net.load_state_dict(as_torch(name, params, widths_of(name)))
    return nets["generator"], nets["discriminator"]


def widths_of(name):
    return WIDTHS if name == "generator" else WIDTHS[::-1]


def tensors(batch, i):
    real = torch.tensor(batch["image"][i]).permute(0, 3, 1, 2).float() / 127.5 - 1
    return real, torch.tensor(Z), torch.tensor(batch["label"][i]).long()


def near(found, expected, name=""):
    expected = np.asarray(expected)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * scale, err_msg=name)


def test_images_and_scores_are_pytorchs(ours):
    _, state = ours
    g, d = players(state)
    batch, variables = first(batches(1)), state.given.variables
    real, z, labels = tensors(batches(1), 0)
    images = GAN.generator.apply(variables["generator"], jnp.asarray(Z), batch["label"])
    near(images, g(z, labels).detach().permute(0, 2, 3, 1))
    own = to_float(batch["image"])
    scores = GAN.discriminator.apply(variables["discriminator"], own, batch["label"])
    near(scores, d(real, labels).detach())


def test_losses_and_all_gradients_are_pytorchs(ours):
    _, state = ours
    g, d = players(state)
    batch = batches(1)
    losses = {
        "discriminator": (d, GAN.discriminator_loss, peer.discriminator_loss, (0.5,)),
        "generator": (g, GAN.generator_loss, peer.generator_loss, ()),
    }
    for name, (net, own, other, extra) in losses.items():

        def loss(params, own=own, name=name):
            variables = {**state.given.variables, name: {"params": params}}
            return own(state.given._replace(variables=variables), first(batch), KEY)[0]

        value, gradient = jax.jit(jax.value_and_grad(loss))(state.players[name].variables["params"])
        expected = other(g, d, *tensors(batch, 0), *extra)
        near(value, expected.detach())
        gradients = torch.autograd.grad(expected, list(net.parameters()))
        found = as_torch(name, gradient, widths_of(name))
        for (parameter, _), theirs in zip(net.named_parameters(), gradients, strict=True):
            near(found[parameter], theirs, f"{name} {parameter}")


def test_whole_steps_are_pytorchs(ours):
    """Two of them: at the second one the schedules have moved."""
    algorithm, state = ours
    g, d = players(state)
    average = as_torch("generator", state.players["generator"].average["params"], WIDTHS)
    optimizers = {net: torch.optim.Adam(net.parameters(), eps=1e-8) for net in (g, d)}
    take = jax.jit(advance(algorithm))
    for i in range(2):
        batch = batches(2 + i)
        state, _ = take(state, batch, KEY)
        left = (1 + np.cos(np.pi * i / STEPS)) / 2
        lr, b2 = 1e-3 + 2e-3 * left, 0.99 - 0.09 * left
        loss = peer.discriminator_loss(g, d, *tensors(batch, 0), 0.1 + 0.4 * left)
        peer.step(optimizers[d], loss, d, lr, b2)
        peer.step(optimizers[g], peer.generator_loss(g, d, *tensors(batch, 1)), g, lr, b2)
        decay = 0.5 ** (N / max(100 * (1 - left), 1e-8))
        for name, parameter in g.named_parameters():
            average[name] = decay * average[name] + (1 - decay) * parameter.detach()
    for name, net in (("generator", g), ("discriminator", d)):
        found = as_torch(name, state.players[name].variables["params"], widths_of(name))
        for parameter, value in net.named_parameters():
            np.testing.assert_allclose(
                found[parameter], value.detach(), atol=1e-4, rtol=1e-4, err_msg=parameter
            )
    found = as_torch("generator", state.players["generator"].average["params"], WIDTHS)
    for parameter, value in average.items():
        np.testing.assert_allclose(found[parameter], value, atol=1e-4, rtol=1e-4)
