"""The semi-supervised GAN: a whole step beside PyTorch, its data, and what it refuses."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import GAN, SGAN, SGD
from jaxgan.algorithms.sgan import real_logit
from jaxgan.core import Feature, Spec, advance
from jaxgan.errors import InputError
from jaxgan.nets import BookDCGANDiscriminator, PatchGAN
from tests.small import NETS, SPEC

KEY = jax.random.key(0)
FEW = Spec(
    {
        "image": Feature("image", (4, 4, 1)),
        "labelled": Feature("image", (4, 4, 1), stream="labelled"),
        "label": Feature("label", (), 10, "labelled"),
    },
    steps=20,
)


class LinearGenerator(nn.Module):
    """z to an image by one matrix."""

    @nn.compact
    def __call__(self, z, labels=None):
        return nn.Dense(16)(z).reshape(-1, 4, 4, 1)


class OneLayer(nn.Module):
    """An image to logits through one hidden layer."""

    outputs: int = 1

    @nn.compact
    def __call__(self, images, train=True):
        phi = jnp.tanh(nn.Dense(5)(images.reshape(len(images), -1)))
        self.sow("intermediates", "features", phi)
        return nn.Dense(self.outputs)(phi)


def batch(n=6):
    rng = np.random.default_rng(0)
    images = {name: rng.integers(0, 256, (n, 4, 4, 1), np.uint8) for name in ("image", "labelled")}
    return {**images, "label": np.arange(n, dtype=np.int32)}


def test_the_real_logit_is_that_of_z_over_z_plus_1():
    logits = np.random.default_rng(0).normal(size=(5, 10)) * 3
    z = np.exp(logits).sum(1)
    d = jax.nn.sigmoid(real_logit(jnp.asarray(logits)))
    np.testing.assert_allclose(d, z / (z + 1), rtol=1e-5)


@pytest.mark.parametrize("matches", ["probability", "features"])
def test_one_whole_step_equals_pytorch(matches):
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    f = torch.nn.functional
    gan = SGAN(
        generator=LinearGenerator(),
        discriminator=OneLayer(),
        latent_dim=3,
        matches=matches,
        generator_optimizer=SGD(lr=1.0),
        discriminator_optimizer=SGD(lr=1.0),
    )
    algorithm, data = gan.build(FEW), batch()
    old = jax.jit(algorithm.init)(KEY, data)
    new, metrics = jax.jit(advance(algorithm))(old, data, KEY)

    def tensors(state, player):
        params = state.players[player].variables["params"]
        return jax.tree.map(lambda x: torch.tensor(np.asarray(x), requires_grad=True), params)

    def dense(layer, x):
        return x @ layer["kernel"] + layer["bias"]

    def d_net(d, images):
        phi = torch.tanh(dense(d["Dense_0"], images.flatten(1)))
        return dense(d["Dense_1"], phi), phi

    def codes(place, splits, at):  # the algorithm's own draws
        key = jax.random.fold_in(jax.random.fold_in(KEY, 0), place)
        k_latent, _ = jax.random.split(jax.random.split(key, splits)[at])
        return torch.tensor(np.asarray(gan.sampler.draw(k_latent, 6)))

    def compare(player, tensors):
        moved = jax.tree.map(
            lambda a, b: np.asarray(a - b),
            old.players[player].variables["params"],
            new.players[player].variables["params"],
        )
        for ours, theirs in zip(jax.tree.leaves(moved), jax.tree.leaves(tensors), strict=True):
            theirs = np.zeros_like(ours) if theirs.grad is None else theirs.grad.numpy()
            np.testing.assert_allclose(ours, theirs, atol=1e-5)

    real, labelled = (torch.tensor(data[k] / np.float32(127.5) - 1) for k in ("image", "labelled"))
    g, d = tensors(old, "generator"), tensors(old, "discriminator")
    fake = dense(g["Dense_0"], codes(0, 4, 1)).detach()
    log_z_real, log_z_fake = (torch.logsumexp(d_net(d, x)[0], 1) for x in (real, fake))
    loss = f.cross_entropy(d_net(d, labelled)[0], torch.tensor(data["label"]).long())
    loss = loss - f.logsigmoid(log_z_real).mean() - f.logsigmoid(-log_z_fake).mean()
    loss.backward()
    np.testing.assert_allclose(metrics["discriminator_loss"], loss.item(), rtol=1e-5)
    compare("discriminator", d)

    d = tensors(new, "discriminator")
    fake = dense(g["Dense_0"], codes(1, 3, 0))
    if matches == "probability":
        loss = -f.logsigmoid(torch.logsumexp(d_net(d, fake)[0], 1)).mean()
    else:
        loss = (d_net(d, real)[1].mean(0) - d_net(d, fake)[1].mean(0)).abs().mean()
    loss.backward()
    np.testing.assert_allclose(metrics["generator_loss"], loss.item(), rtol=1e-5)
    compare("generator", g)


def test_the_labels_alone_train_no_generator():
    algorithm = SGAN(**NETS, unlabelled=False).build(SPEC)
    data = SPEC.batch(4)
    state = jax.jit(algorithm.init)(KEY, data)
    assert set(state.players) == {"discriminator"}
    assert set(algorithm.functions) == {"classify"}
    _, metrics = jax.jit(advance(algorithm))(state, data, KEY)
    np.testing.assert_allclose(metrics["discriminator_loss"], metrics["class_loss"])


def test_statistics_are_those_of_real_images():
    """Batch statistics do not move with the fakes, which it never classifies."""
    algorithm = SGAN(**NETS).build(SPEC)
    data = SPEC.batch(4)
    state = jax.jit(algorithm.init)(KEY, data)
    step = jax.jit(advance(algorithm))
    one, other = (step(state, data, jax.random.key(seed))[0] for seed in (1, 2))
    statistics = [s.players["discriminator"].variables["batch_stats"] for s in (one, other)]
    for a, b in zip(*map(jax.tree.leaves, statistics), strict=True):
        np.testing.assert_array_equal(a, b)
    first = state.players["discriminator"].variables["batch_stats"]
    moved = jax.tree.map(lambda a, b: bool((a != b).any()), first, statistics[0])
    assert any(jax.tree.leaves(moved))


def test_classify_and_measure_agree_with_the_logits():
    gan = SGAN(generator=LinearGenerator(), discriminator=OneLayer(), latent_dim=3)
    algorithm, data = gan.build(FEW), batch()
    weights = jax.jit(algorithm.init)(KEY, data).weights()
    d = jax.tree.map(np.asarray, weights["discriminator"]["params"])
    images = (data["labelled"] / np.float32(127.5) - 1).reshape(6, 16)
    phi = np.tanh(images @ d["Dense_0"]["kernel"] + d["Dense_0"]["bias"])
    e = np.exp(phi @ d["Dense_1"]["kernel"] + d["Dense_1"]["bias"])
    inputs = {"image": jnp.asarray(images.reshape(6, 4, 4, 1))}
    found = jax.jit(algorithm.functions["classify"].apply)(weights, inputs, KEY)
    np.testing.assert_allclose(found, e / e.sum(1, keepdims=True), rtol=1e-4)
    found = jax.jit(algorithm.measure)(weights, jax.tree.map(jnp.asarray, data), KEY)
    assert found["accuracy"].compute() == pytest.approx((e.argmax(1) == data["label"]).mean())


def test_dropout_drops_its_share_in_training_alone():
    net = BookDCGANDiscriminator(features=4, dropout=0.5, norm="none", outputs=3)
    images = jnp.ones((400, 28, 28, 1))
    variables = jax.jit(net.init)(KEY, images)
    assert net.apply(variables, images, train=False).shape == (400, 3)
    outputs = net.apply(variables, images, rngs={"dropout": KEY})
    plain = net.apply(variables, images, train=False)
    assert float(outputs.std(0).max()) > 0.01
    assert float(plain.std(0).max()) < 1e-6
    np.testing.assert_allclose(outputs.mean(0), plain.mean(0), atol=0.2 * float(outputs.std()))


@pytest.mark.peers
def test_a_gan_takes_a_discriminator_with_dropout():
    nets = {**NETS, "discriminator": BookDCGANDiscriminator(features=2, dropout=0.5)}
    algorithm = GAN(**nets).build(SPEC)
    state = jax.jit(algorithm.init)(KEY, SPEC.batch(4))
    _, metrics = jax.jit(advance(algorithm))(state, SPEC.batch(4), KEY)
    assert all(np.isfinite(value) for value in metrics.values())


def test_a_net_with_one_logit_is_refused():
    with pytest.raises(InputError, match=r"^algorithm\.discriminator: PatchGAN has no field outp"):
        SGAN(discriminator=PatchGAN()).build(SPEC)
