"""BigGAN's nets and self-attention beside PyTorch and NumPy, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import CGAN, SGD
from jaxgan.core import Feature, Spec, advance
from jaxgan.errors import InputError
from jaxgan.losses.penalties import orthogonal
from jaxgan.nets import (
    BigGANDiscriminator,
    BigGANGenerator,
    ResidualCritic,
    ResidualGenerator,
    SelfAttention,
)

KEY = jax.random.key(0)
RATE = 0.02
SPEC = Spec({"image": Feature("image", (32, 32, 3)), "label": Feature("label", (), 3)}, steps=10)


@pytest.mark.slow
def test_one_whole_step_equals_pytorch():
    """At 32 px: both losses, all gradients and the vectors of spectral normalization."""
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    from benchmarks.peers import torch_biggan as peer

    config = CGAN(
        generator=BigGANGenerator(features=1, embedding=4, attention=16),
        discriminator=BigGANDiscriminator(features=1, attention=16),
        objective="hinge",
        latent_dim=8,
        orthogonal=1e-2,
        generator_optimizer=SGD(lr=RATE),
        discriminator_optimizer=SGD(lr=RATE),
    )
    algorithm = config.build(SPEC)
    rng = np.random.default_rng(0)
    data = {
        "image": rng.integers(0, 256, (4, 32, 32, 3), np.uint8),
        "label": np.array([0, 1, 2, 0], np.int32),
    }
    old = jax.jit(algorithm.init)(KEY, data)
    for player in old.players.values():  # gamma starts at 0, which would hide the attention
        player.variables["params"]["SelfAttention_0"]["gamma"] = jnp.float32(0.7)
    new, metrics = jax.jit(advance(algorithm))(old, data, KEY)

    players = jax.random.fold_in(jax.random.fold_in(KEY, 0), 0)

    def codes(place, split):  # the algorithm's own draws
        key = jax.random.split(jax.random.fold_in(players, place), split)
        k_labels, k_fake = (None, key[0]) if split == 2 else (key[0], key[1])
        z = jax.random.normal(jax.random.split(k_fake)[0], (4, 8))
        labels = data["label"] if k_labels is None else jax.random.randint(k_labels, (4,), 0, 3)
        return torch.tensor(np.asarray(z)), torch.tensor(np.asarray(labels)).long()

    def compare(player, net):
        moved = jax.tree.map(
            lambda a, b: np.asarray(a - b) / RATE,
            old.players[player].variables["params"],
            new.players[player].variables["params"],
        )
        theirs = jax.tree.map(lambda t: t.grad.numpy(), net.params)
        least = 1e-3 * max(np.linalg.norm(x) for x in jax.tree.leaves(theirs))
        for ours, x in zip(jax.tree.leaves(moved), jax.tree.leaves(theirs), strict=True):
            assert np.linalg.norm(ours - x) < 1e-4 * max(np.linalg.norm(x), least)
        ours = jax.tree.leaves(new.players[player].variables["spectral"])
        for u, v in zip(ours, jax.tree.leaves(net.spectral), strict=True):
            np.testing.assert_allclose(u, v, atol=1e-4)

    numpy = {name: jax.tree.map(np.array, player.variables) for name, player in old.players.items()}
    g, d = peer.Player(numpy["generator"]), peer.Player(numpy["discriminator"])
    real = torch.tensor(data["image"] / np.float32(127.5) - 1).permute(0, 3, 1, 2)
    z, labels = codes(0, 2)
    with torch.no_grad():
        fake = peer.generator(g, z, labels, 3, 16)
    real_scores, fake_scores = (peer.discriminator(d, x, labels, 2, 4, 16) for x in (real, fake))
    loss = (1 - real_scores).relu().mean() + (1 + fake_scores).relu().mean()
    loss.backward()
    np.testing.assert_allclose(metrics["discriminator_loss"], loss.item(), rtol=1e-4)

    gradients = jax.tree.map(lambda t: t.grad.clone(), d.params)
    with torch.no_grad():
        for p, grad in zip(jax.tree.leaves(d.params), jax.tree.leaves(gradients), strict=True):
            p -= RATE * grad
    z, labels = codes(1, 3)
    fake = peer.generator(g, z, labels, 3, 16)
    loss = -peer.discriminator(d, fake, labels, 2, 4, 16).mean()
    penalty = 0
    for path, w in jax.tree_util.tree_leaves_with_path(g.params):
        if w.ndim > 1 and "embedding" not in jax.tree_util.keystr(path):
            gram = w.reshape(-1, w.shape[-1]).T @ w.reshape(-1, w.shape[-1])
            penalty = penalty + ((gram * (1 - torch.eye(len(gram)))) ** 2).sum()
    (loss + 1e-2 * penalty).backward()
    np.testing.assert_allclose(metrics["generator_loss"], (loss + 1e-2 * penalty).item(), rtol=1e-4)
    compare("generator", g)
    for p, grad in zip(jax.tree.leaves(d.params), jax.tree.leaves(gradients), strict=True):
        p.grad = grad
    compare("discriminator", d)


def test_attention_equals_its_definition(run, images):
    x = images(2, 4, 6, 16)
    net = SelfAttention()
    _, variables, _ = run_attention(net, x)
    variables["params"]["gamma"] = jnp.float32(0.5)
    w = {k: np.asarray(v["kernel"])[0, 0] for k, v in variables["params"].items() if k != "gamma"}
    q = x @ w["query"]
    k, v = ((x @ w[n]).reshape(2, 2, 2, 3, 2, -1).max((2, 4)) for n in ("key", "value"))
    expected = x.copy()
    for n in range(2):
        for i in range(4):
            for j in range(6):
                scores = np.exp(k[n] @ q[n, i, j])
                o = (scores[..., None] * v[n]).sum((0, 1)) / scores.sum()
                expected[n, i, j] += 0.5 * o @ w["output"]
    out, _, _ = run_attention(net, x, variables)
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5)


def run_attention(net, x, variables=None):
    x = jnp.asarray(x)
    variables = jax.jit(net.init)(KEY, x) if variables is None else variables
    return net.apply(variables, x), variables, None


def test_attention_starts_as_the_identity(images):
    x = images(2, 4, 4, 8)
    out, _, _ = run_attention(SelfAttention(), x)
    np.testing.assert_array_equal(out, x)


def test_orthogonal_regularisation_is_zero_for_orthogonal_rows_alone():
    w = np.linalg.qr(np.random.default_rng(0).normal(size=(12, 4)))[0].astype(np.float32)
    tree = {"Conv_0": {"kernel": w.reshape(2, 2, 3, 4) * 3, "bias": np.ones(4)}}
    assert float(orthogonal(tree)) < 1e-6
    embed = {"Embed_0": {"embedding": np.ones((3, 2))}}
    assert float(orthogonal(embed)) == 0
    assert float(orthogonal({"kernel": np.ones((3, 2))})) == pytest.approx(2 * 9)


@pytest.mark.parametrize(
    "size", [128, *(pytest.param(n, marks=pytest.mark.slow) for n in (32, 64, 256, 512))]
)
def test_sizes_and_widths(size):
    g = BigGANGenerator(features=2, image_shape=(size, size, 3))
    parts = size.bit_length() - 2
    z = jnp.zeros((1, 4 * parts))
    out = jax.eval_shape(lambda: g.init_with_output(KEY, z)[0])
    assert out.shape == (1, size, size, 3)
    d = BigGANDiscriminator(features=2, image_shape=(size, size, 3))
    variables = jax.eval_shape(d.init, KEY, jnp.zeros((1, size, size, 3)))
    wide = 8 if size == 32 else 32
    assert variables["params"]["Dense_0"]["kernel"].shape == (wide, 1)


def test_parameters_at_128_px_are_those_of_the_paper(count):
    """70.4 million in G (Brock et al. 2019, table 1: ch 96, shared embedding, skip-z)."""
    g = BigGANGenerator(features=96, image_shape=(128, 128, 3), num_classes=1000, attention=64)
    total = count(g, 120, labels=np.zeros(2, np.int32))
    assert round(total / 1e6, 1) == 70.4


def test_a_code_that_does_not_divide_is_refused():
    with pytest.raises(InputError, match=r"^algorithm\.latent_dim: BigGANGenerator .* use 12"):
        BigGANGenerator().init(KEY, jnp.zeros((1, 10)))


@pytest.mark.parametrize(
    "net,player",
    [
        (BigGANDiscriminator(attention=32), "discriminator"),
        (ResidualCritic(attention=32, image_shape=(32, 32, 3)), "critic"),
    ],
)
def test_attention_at_a_side_that_does_not_occur_is_refused(net, player):
    with pytest.raises(InputError, match=rf"^algorithm\.{player}\.attention: .* 16"):
        jax.eval_shape(net.init, KEY, jnp.zeros((1, 32, 32, 3)))


def test_residual_nets_with_attention_and_spectral_norm(count):
    g = ResidualGenerator(features=8, image_shape=(32, 32, 3), attention=16, spectral=True)
    variables = jax.eval_shape(g.init, KEY, jnp.zeros((2, 8)))
    assert "SelfAttention_0" in variables["params"]
    assert {"batch_stats", "spectral"} <= variables.keys()
    kernels = [x for x in jax.tree.leaves(variables["params"]) if x.ndim > 1]
    vectors = jax.tree.leaves(variables["spectral"])
    assert len(vectors) == 2 * len(kernels)
    d = ResidualCritic(features=8, image_shape=(32, 32, 3), norm="spectral", attention=16)
    variables = jax.eval_shape(d.init, KEY, jnp.zeros((2, 32, 32, 3)))
    assert "SelfAttention_0" in variables["params"]
