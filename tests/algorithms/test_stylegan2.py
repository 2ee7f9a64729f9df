"""StyleGAN2: its updates beside PyTorch's, path lengths, lazy R1, styles, averages, refusals."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.algorithms import SGD, Adam, StyleGAN2
from jaxgan.algorithms._parts.averaging import ramped
from jaxgan.core import Feature, Player, Spec, TrainState, advance
from jaxgan.core.precision import at_precision
from jaxgan.errors import InputError
from jaxgan.losses.penalties import path_lengths
from jaxgan.nets import MLPGenerator, StyleGAN2Discriminator, StyleGAN2Generator

KEY = jax.random.key(0)
CLASSES = 3
WIDTHS = {"channel_base": 64, "channel_max": 4}
SMALL = StyleGAN2(
    generator=StyleGAN2Generator(style_dim=4, mapping_layers=2, **WIDTHS),
    discriminator=StyleGAN2Discriminator(mapping_layers=2, **WIDTHS),
    latent_dim=5,
    generator_optimizer=SGD(lr=0.1),
    discriminator_optimizer=SGD(lr=0.1),
)


def spec(size, channels=1):
    image = Feature("image", (size, size, channels))
    return Spec({"image": image, "label": Feature("label", (), CLASSES)}, steps=20)


def batch_of(size, channels=1, n=8, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, size, size, channels)).astype(np.uint8)
    return {"image": images, "label": (np.arange(n) % CLASSES).astype(np.int32)}


def noisy(tree):
    """Variables whose biases and noise strengths are not at their first values."""

    def change(path, x):
        name = jax.tree_util.keystr(path)
        if "bias" in name:
            return x + 0.1 * jnp.arange(1.0, x.size + 1).reshape(x.shape)
        return x + 0.3 if "noise" in name else x

    return jax.tree_util.tree_map_with_path(change, tree)


def started(algorithm, batch):
    state = jax.jit(algorithm.init)(KEY, batch)
    players = {
        name: p.replace(variables={**p.variables, "params": noisy(p.variables["params"])})
        for name, p in state.players.items()
    }
    return state.replace(players=players)


# Against PyTorch.


def drawn(torch, sampler, variables, key, n, labels):
    """Random numbers of :meth:`StyleSampler.generate` for the peer."""
    k_styles, k_noise = jax.random.split(key)
    return drawn_styles(torch, sampler, k_styles, n, labels) | {
        "noise": drawn_noise(torch, sampler, variables, k_noise, n)
    }


def drawn_styles(torch, sampler, key, n, labels):
    k_z, k_other, k_from, k_mix = jax.random.split(key, 4)
    layers = sampler.net.layers
    z = [torch.tensor(np.asarray(jax.random.normal(k, (n, 5)))) for k in (k_z, k_other)]
    first = jax.random.randint(k_from, (n,), 1, layers)
    mixed = jax.random.bernoulli(k_mix, sampler.mixing, (n,))
    first = torch.tensor(np.asarray(jnp.where(mixed, first, layers)))
    return {"z": z, "first": first, "labels": torch.tensor(np.asarray(labels)).long()}


def drawn_noise(torch, sampler, variables, key, n):
    def draw(variables, w):
        _, state = sampler.net.apply(
            variables,
            w,
            method="synthesis",
            rngs={"params": key},
            capture_intermediates=lambda _, method: method == "_noise",
            mutable="intermediates",
        )
        return state["intermediates"]["synthesize"]

    found = jax.jit(draw)(variables, jnp.zeros((n, 4)))
    noise = {name: np.asarray(layer["_noise"][0]) for name, layer in found.items()}
    return {name: torch.tensor(x.transpose(0, 3, 1, 2).copy()) for name, x in noise.items()}


@pytest.mark.slow
def test_one_whole_step_equals_pytorch():
    """At 32 px: D, R1, G and path lengths; four losses, gradients, and all parameters after."""
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    from benchmarks.peers import torch_stylegan2 as peer

    config = replace(SMALL, conditional=True)
    algorithm = at_precision(config.build(spec(32)), "highest")
    batch = batch_of(32)
    state = started(algorithm, batch)
    state = state.replace(memory={**state.memory, "path_length": jnp.float32(0.5)})
    new, metrics = jax.jit(advance(algorithm))(state, batch, KEY)

    sampler = replace(
        config,
        generator=config.generator.clone(image_shape=(32, 32, 1), num_classes=CLASSES),
    ).sampler
    key, size = jax.random.fold_in(KEY, 0), {"size": 32, "classes": CLASSES}
    k_d, _, k_g, k_path = (jax.random.fold_in(key, i) for i in range(4))
    variables = state.players["generator"].variables
    g, d = (
        peer.tensors(state.players[p].variables["params"]) for p in ("generator", "discriminator")
    )
    real = peer.to_torch(batch["image"] / np.float32(127.5) - 1)
    labels = torch.tensor(batch["label"]).long()

    def judged(images, labels):
        return peer.discriminator(d, images, labels, CLASSES)

    found = {}
    fake = peer.generator(g, drawn(torch, sampler, variables, k_d, 8, labels), **size)[0].detach()
    found["discriminator"] = peer.discriminator_loss(judged(real, labels), judged(fake, labels))
    norms = {"discriminator": peer.descend(d, found["discriminator"], 0.1)}
    found["r1"] = 16 * 10 / 2 * peer.r1(d, real, labels, CLASSES)
    norms["r1"] = peer.descend(d, found["r1"], 0.1)

    k_labels, k_fake = jax.random.split(k_g)
    others = jax.random.randint(k_labels, (8,), 0, CLASSES)
    draws = drawn(torch, sampler, variables, k_fake, 8, others)
    logits = judged(peer.generator(g, draws, **size)[0], draws["labels"])
    found["generator"] = torch.nn.functional.softplus(-logits).mean()
    norms["generator"] = peer.descend(g, found["generator"], 0.1)

    k_labels, k_styles, k_noise, k_y = jax.random.split(k_path, 4)
    others = jax.random.randint(k_labels, (4,), 0, CLASSES)
    draws = drawn_styles(torch, sampler, k_styles, 4, others)
    draws["noise"] = drawn_noise(torch, sampler, variables, k_noise, 4)
    y = peer.to_torch(jax.random.normal(k_y, (4, 32, 32, 1)))
    lengths = peer.path_lengths(*peer.generator(g, draws, **size), y)
    mean = 0.5 + 0.01 * (lengths.mean().item() - 0.5)
    found["path"] = 4 * 2 * (lengths - mean).square().mean()
    norms["path"] = peer.descend(g, found["path"], 0.1)

    for name, loss in found.items():
        np.testing.assert_allclose(metrics[f"{name}_loss"], loss.item(), rtol=1e-4, err_msg=name)
        np.testing.assert_allclose(metrics[f"{name}_grad_norm"], norms[name], rtol=1e-4)
    np.testing.assert_allclose(new.memory["path_length"], mean, rtol=1e-5)
    for player, theirs in (("generator", g), ("discriminator", d)):
        ours = new.players[player].variables["params"]
        for (path, a), b in zip(
            jax.tree_util.tree_leaves_with_path(ours),
            jax.tree.leaves(peer.arrays(theirs)),
            strict=True,
        ):
            scale = 1 + np.abs(b).max()
            name = jax.tree_util.keystr(path)
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5 * scale, err_msg=name)


# Path lengths.


def test_path_lengths_are_those_of_the_exact_jacobian():
    """|J^T y| of a net with a known J, and its mean square, ||J||^2 / (height width)."""
    net = StyleGAN2Generator(
        style_dim=3, mapping_layers=1, channel_base=16, channel_max=2, image_shape=(8, 8, 1)
    )
    variables = {"params": noisy(jax.jit(net.init)(KEY, jnp.zeros((2, 3)))["params"])}
    w = jax.random.normal(KEY, (2, net.layers, 3))

    def synthesis(w):
        return net.apply(variables, w, method="synthesis")

    jacobian = jax.jit(jax.vmap(jax.jacrev(lambda w: synthesis(w[None])[0])))(w)
    y = jax.random.normal(jax.random.key(1), (2, 8, 8, 1))
    jty = np.einsum("nhwclk,nhwc->nlk", jacobian, y) / 8
    expected = np.sqrt(np.square(jty).sum(2).mean(1))
    measure = jax.jit(lambda y: path_lengths(synthesis, w, y))
    np.testing.assert_allclose(measure(y), expected, rtol=1e-4)

    many = jax.random.normal(jax.random.key(2), (1000, *y.shape))
    squares = np.square(jax.jit(lambda many: jax.lax.map(measure, many))(many)).mean(0)
    exact = np.square(jacobian).sum((1, 2, 3, 4, 5)) / 64 / net.layers
    np.testing.assert_allclose(squares, exact, rtol=0.15)


# Lazy regularization.


@pytest.mark.slow
def test_r1_at_every_kth_step_weighs_k_times_more():
    """Over 4 steps of players that stand still, lazily and not, in loss and gradient."""
    loss, gradient = {}, {}
    for interval in (1, 4):
        still = SGD(lr=1e-9)
        config = replace(
            SMALL,
            r1_every=interval,
            path_length=0.0,
            mixing=0.0,
            discriminator_optimizer=still,
            generator_optimizer=still,
        )
        algorithm, batch = config.build(spec(8)), batch_of(8, n=4)
        step, state = jax.jit(advance(algorithm)), started(algorithm, batch)
        records = []
        for _ in range(4):
            state, metrics = step(state, batch, KEY)
            records.append([float(metrics["r1_loss"]), float(metrics["r1_grad_norm"])])
        assert np.isfinite(records).sum() == 2 * 4 // interval
        loss[interval], gradient[interval] = np.nansum(records, 0)
    assert loss[4] == pytest.approx(loss[1], rel=1e-3)
    assert gradient[4] == pytest.approx(gradient[1], rel=1e-3)


@pytest.mark.slow
def test_adam_is_corrected_where_a_player_has_a_lazy_update():
    """Without a mean Adam's first step is lr k / (k + 1), whatever the gradient."""
    adam = Adam(lr=0.01, b1=0.0, b2=0.99)
    config = replace(SMALL, generator_optimizer=adam, discriminator_optimizer=adam)
    algorithm, batch = config.build(spec(8)), batch_of(8)
    state = started(algorithm, batch).replace(step=jnp.asarray(1))  # neither is computed there
    new, metrics = jax.jit(advance(algorithm))(state, batch, KEY)
    assert np.isnan([metrics["r1"], metrics["path_penalty"]]).all()
    for player, every in (("generator", 4), ("discriminator", 16)):
        moved = jax.tree.map(
            lambda a, b: float(jnp.abs(a - b).max()),
            state.players[player].variables["params"],
            new.players[player].variables["params"],
        )
        assert max(jax.tree.leaves(moved)) == pytest.approx(0.01 * every / (every + 1), rel=1e-2)


# Averages.


def test_the_average_has_a_half_life_in_images_and_a_ramp():
    tx = optax.sgd(0.1)
    player = Player.create({"params": jnp.ones(())}, tx, average=True)
    state = TrainState.create({"generator": player})
    moved = player.replace(variables={"params": jnp.zeros(())})
    batch = {"image": np.zeros((50, 1))}

    def after(step, half_life, ramp):
        now = state.replace(players={"generator": moved}, step=jnp.asarray(step))
        new, _ = ramped("generator", half_life, ramp)(now, batch, KEY)
        return float(new.players["generator"].average["params"])

    assert after(0, 100.0, 0.0) == pytest.approx(0.5**0.5)
    assert after(10**6, 100.0, 0.05) == pytest.approx(0.5**0.5)
    assert after(20, 100.0, 0.05) == pytest.approx(0.5)  # h = .05 * 1000 images
    assert after(0, 100.0, 0.05) == 0.0


# Styles.


@pytest.fixture(scope="module")
def opened():
    """The function of a run at its start, and its weights, with a mean style that is not 0."""
    algorithm = replace(SMALL, conditional=True).build(spec(8))
    weights = jax.jit(algorithm.init)(KEY, batch_of(8)).weights()
    mean = jnp.asarray([1.0, -1.0, 0.5, 2.0])
    weights["generator"] = {**weights["generator"], "styles": {"map": {"mean": mean}}}
    return algorithm.functions["sample"], weights


@pytest.mark.peers
def test_psi_0_is_the_mean_image(opened):
    function, weights = opened
    assert function.truncates
    labels = jnp.asarray([0, 1, 2, 0])
    draw = jax.jit(
        lambda psi, key: function.apply(weights, {"n": 4, "label": labels, "truncation": psi}, key)
    )
    mean = weights["generator"]["styles"]["map"]["mean"][None]
    mean = jax.jit(lambda w: function.apply(weights, {"w": w}, KEY))(mean)
    for key in (KEY, jax.random.key(7)):
        np.testing.assert_allclose(draw(0.0, key), np.tile(mean, (4, 1, 1, 1)), atol=1e-5)
    plain = jax.jit(lambda key: function.apply(weights, {"n": 4, "label": labels}, key))
    np.testing.assert_allclose(draw(1.0, KEY), plain(KEY), atol=1e-5)
    spread = [float(draw(psi, KEY).std(0).mean()) for psi in (0.3, 0.7, 1.0)]
    assert 0 < spread[0] < spread[1] < spread[2]


def test_codes_stand_in_for_drawn_ones(opened):
    function, weights = opened
    labels = jnp.asarray([0, 1, 2, 0])
    inputs = {"n": 4, "label": labels}

    @jax.jit
    def apply(weights, codes):
        return function.apply(weights, {**inputs, **codes}, KEY)

    images = apply(weights, {})
    assert list(function.codes) == ["z", "w"]
    for name, code in function.codes.items():
        codes = jax.jit(lambda weights, draw=code.draw: draw(weights, inputs, KEY))(weights)
        np.testing.assert_allclose(apply(weights, {name: codes}), images, atol=1e-5)
    layers = function.codes["w"].layers
    assert layers == 4
    tiled = jnp.tile(codes[:, None], (1, layers, 1))
    np.testing.assert_allclose(apply(weights, {"w": tiled}), images, atol=1e-5)


@pytest.mark.parametrize("mixing", [0.0, 0.5, 1.0])
def test_so_many_images_have_two_styles_and_each_begins_at_a_layer(mixing):
    net = SMALL.generator.clone(image_shape=(16, 16, 1))
    sampler = replace(SMALL, generator=net, mixing=mixing).sampler
    variables = jax.jit(net.init)(KEY, jnp.zeros((2, 5)))
    w, _ = jax.jit(lambda key: sampler.styles(variables, key, 400))(KEY)
    changes = np.abs(np.diff(w, axis=1)).max(2) > 0
    assert set(changes.sum(1)) == {0.0: {0}, 0.5: {0, 1}, 1.0: {1}}[mixing]
    assert changes.any(1).mean() == pytest.approx(mixing, abs=0.1)
    if mixing == 1.0:  # the first change is after any layer, equally often
        np.testing.assert_allclose(changes.mean(0), 1 / 5, atol=0.08)


# Refusals.


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"mixing": 1.5}, r"algorithm\.mixing: 1\.5 is not in \[0, 1\]"),
        ({"r1": -1.0}, r"algorithm\.r1: -1\.0 is below 0"),
        ({"path_every": 0}, r"algorithm\.path_every: 0 is below 1"),
        ({"ema_half_life": -1.0}, r"algorithm\.ema_half_life"),
        (
            {"generator": MLPGenerator()},
            r"algorithm\.generator: MLPGenerator has no method",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(fields, line):
    with pytest.raises(InputError, match=line):
        replace(SMALL, **fields).build(spec(8))
