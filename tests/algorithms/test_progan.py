"""ProGAN beside PyTorch, its schedule, its fade, and what it refuses."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import SGD, Adam, Penalties, ProGAN
from jaxgan.algorithms.progan import fade_in
from jaxgan.core import Feature, Spec
from jaxgan.core.precision import at_precision
from jaxgan.errors import InputError
from jaxgan.nets import BookDCGANGenerator, ProGANDiscriminator, ProGANGenerator
from jaxgan.system.devices import Devices, open_devices
from tests.algorithms.test_every_algorithm import FORMS, batches, run

pytestmark = pytest.mark.xdist_group("progan")  # one worker: they share a fixture

KEY = jax.random.key(0)
NARROW = {"features": 4, "base": 16}
SMALL = ProGAN(
    generator=ProGANGenerator(**NARROW),
    discriminator=ProGANDiscriminator(**NARROW),
    latent_dim=6,
    shares=(1.0, 20.0),
)
"""Of 21 steps at 8 px one is at 4 px."""
PLAIN = SGD(lr=0.1)
DESCENDING = replace(SMALL, generator_optimizer=PLAIN, discriminator_optimizer=PLAIN)


def spec(size, steps=21, **fields):
    return Spec({"image": Feature("image", (size, size, 1))}, steps, **fields)


def second_level(config=SMALL):
    """The 8 px level of a run of 21 steps; alpha at step t is (t - 1) / 10."""
    leg = config.build(spec(8))[1]
    assert leg.steps == 20
    return at_precision(leg.algorithm, "highest")


def started(algorithm):
    return jax.jit(algorithm.init)(KEY, next(batches(algorithm)))


def params_of(state):
    return {name: player.variables["params"] for name, player in state.players.items()}


# The schedule.


def test_the_paper_is_the_default():
    """Karras et al. 2018, appendix A.1."""
    config = ProGAN()
    adam = Adam(lr=1e-3, b1=0.0, b2=0.99, eps=1e-8)
    assert config.generator_optimizer == config.discriminator_optimizer == adam
    assert config.penalties == Penalties(gradient_penalty=10.0, drift=1e-3)
    assert (config.latent_dim, config.ema_decay, config.fade) == (512, 0.999, 0.5)
    # 600 thousand images at 4 px, then 600 to fade in and 600 at each other level
    assert config.lengths(10_200, 9) == [600, *[1200] * 8]


def test_a_level_is_a_leg_with_its_share_of_the_images():
    legs = replace(SMALL, shares=(1.0, 2.0, 3.0), batch_sizes=(16, 8)).build(spec(32, 1000))
    assert [leg.data for leg in legs] == [{"batch_size": n} for n in (16, 8, 8, 8)]
    assert sum(leg.steps for leg in legs) == 1000
    images = np.array([leg.steps * leg.data["batch_size"] for leg in legs])
    np.testing.assert_allclose(images / images[0], [1, 2, 3, 3], rtol=0.05)
    assert [leg.data for leg in replace(SMALL, shares=(1.0,)).build(spec(16))] == [{}, {}, {}]


def test_a_longer_run_has_a_longer_last_level_and_a_shorter_one_fewer():
    whole = ProGAN(shares=(1.0,)).build(spec(16, 30))
    assert [leg.steps for leg in whole] == [10, 10, 10]
    for steps, expected in ((50, [10, 10, 30]), (15, [10, 5]), (10, [10])):
        legs = ProGAN(shares=(1.0,)).build(spec(16, steps, horizon=30))
        assert [leg.steps for leg in legs] == expected


def test_alpha_rises_from_0_at_the_first_step_of_the_level_to_1():
    state = started(second_level())
    for step, expected in ((0, 0.0), (4, 0.0), (6, 0.25), (8, 0.5), (12, 1.0), (20, 1.0)):
        state, metrics = fade_in(4, 8)(state.replace(step=jnp.asarray(step)), {}, KEY)
        found = [p.variables["fade"]["alpha"] for p in state.players.values()]
        assert [float(alpha) for alpha in (*found, metrics["alpha"])] == [expected] * 3
    _, metrics = fade_in(4, 0)(state.replace(step=jnp.asarray(4)), {}, KEY)
    assert float(metrics["alpha"]) == 1.0


def test_the_level_before_has_nothing_to_fade():
    state = started(SMALL.build(spec(8))[0].algorithm)
    assert all("fade" not in player.variables for player in state.players.values())
    new, _ = fade_in(0, 0)(state, {}, KEY)
    jax.tree.map(np.testing.assert_array_equal, new, state)


# Images.


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_reals_are_box_downsampled_and_faded(alpha):
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 1)).astype(np.uint8)
    x = images.astype(np.float64) / 127.5 - 1

    def box(x, factor):
        n, h, w, c = x.shape
        return x.reshape(n, h // factor, factor, w // factor, factor, c).mean((2, 4))

    expected = alpha * box(x, 4) + (1 - alpha) * box(x, 8).repeat(2, 1).repeat(2, 2)
    config = replace(SMALL, discriminator=ProGANDiscriminator(image_shape=(8, 8, 1)))
    variables = {"fade": {"alpha": jnp.asarray(alpha)}}
    found = config.reals({"image": jnp.asarray(images)}, variables)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    config = replace(SMALL, discriminator=ProGANDiscriminator(image_shape=(4, 4, 1)))
    found = config.reals({"image": jnp.asarray(images)}, {})
    np.testing.assert_allclose(found, box(x, 8), atol=1e-6)


def test_samples_have_the_size_of_the_data_at_each_level_and_its_alpha():
    algorithm = replace(SMALL, shares=(1.0,)).build(spec(16))[1].algorithm
    function = algorithm.functions["sample"]
    assert function.gives.shape == (16, 16, 1)
    generator = started(algorithm).weights()["generator"]
    sample = jax.jit(lambda g: function.apply({"generator": g}, {"n": 4}, KEY))
    for alpha, side in ((0.0, 4), (1.0, 2)):
        images = sample({**generator, "fade": {"alpha": jnp.asarray(alpha)}})
        assert images.shape == (4, 16, 16, 1)
        assert 0.0 < float(jnp.abs(images).max()) <= 1.0
        pixels = images[:, ::side, ::side]
        np.testing.assert_array_equal(images, pixels.repeat(side, 1).repeat(side, 2))
        assert (pixels[:, ::2, ::2] != pixels[:, 1::2, 1::2]).any()
    sheet = jax.eval_shape(algorithm.show, {"generator": generator}, {}, KEY)
    assert sheet[""].shape == (10, 10, 16, 16, 1)


# Steps.


@pytest.fixture(scope="module")
def one_device():
    """The first state, and the last with its metrics, of five steps; alpha is 0, 0, 0.1, 0.2, 0.3.

    Every step goes down the gradient, so that parameters compare as gradients do.
    """
    return run(second_level(DESCENDING), Devices(1))  # fails where a level is traced twice


@pytest.mark.peers
def test_five_whole_steps_equal_pytorch(one_device):
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    from benchmarks.peers import torch_progan as peer

    torch.set_num_threads(1)  # other tests run beside this
    first, last, metrics = one_device
    g = peer.load(peer.Generator(8, 4, 16, 1, 6), params_of(first)["generator"])
    d = peer.load(peer.Discriminator(8, 4, 16, 1), params_of(first)["discriminator"])
    game = peer.Game(g, d, partial(torch.optim.SGD, lr=PLAIN.lr))
    stream = batches(second_level())
    next(stream)  # that of ``init``
    for step, batch in zip(range(5), stream, strict=False):
        real = peer.to_torch(batch["image"] / np.float32(127.5) - 1)
        drawn = [torch.tensor(np.asarray(x)) for x in draws(step, len(real))]
        results = game(real, *drawn, alpha=max(0, step - 1) / 10)
    for name, net in (("discriminator", d), ("generator", g)):
        found = [metrics[f"{name}_loss"], metrics[f"{name}_grad_norm"]]
        np.testing.assert_allclose(found, results[name], rtol=1e-4)
        sizes = [p.size for p in jax.tree.leaves(params_of(last)[name])]
        assert sum(p.numel() for p in net.parameters()) == sum(sizes)
        for layer, theirs, ours in peer.arrays(net, params_of(last)[name]):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5, err_msg=layer)


def draws(step, n):
    """The latent codes of D's update, the weights of the penalty's mixtures, and G's codes."""
    key = jax.random.fold_in(KEY, step)
    k_fake, k_penalty = jax.random.split(jax.random.fold_in(key, 1))

    def codes(key):
        return jax.random.normal(jax.random.split(key)[0], (n, 6))

    mix = jax.random.uniform(k_penalty, (n, 1, 1, 1))
    return codes(k_fake), mix, codes(jax.random.fold_in(key, 2))


@pytest.mark.peers
def test_every_parameter_of_both_nets_learns_as_the_level_fades_in(one_device):
    first, last, metrics = one_device
    moved = jax.tree.map(lambda a, b: (a != b).mean(), params_of(first), params_of(last))
    assert min(jax.tree.leaves(moved)) > 0.9
    assert {"alpha", "real_rate", "gradient_penalty", "drift"} <= metrics.keys()
    average = last.players["generator"].average["params"]
    assert jax.tree.structure(average) == jax.tree.structure(params_of(last)["generator"])


@pytest.mark.parametrize(
    "form",
    [pytest.param(form, marks=pytest.mark.slow) for form in ("jit", "pmap", "sharded")],
)
def test_four_devices_equal_one(form, one_device):
    """Each has two examples, so a group of the deviation, of stride two, has one on each."""
    _, state, metrics = one_device
    _, state4, metrics4 = run(second_level(DESCENDING), open_devices(FORMS[form], 4))
    for player, one in state.players.items():
        four = state4.players[player]
        jax.tree.map(close, one.variables, four.variables)
        jax.tree.map(close, one.average, four.average)
    jax.tree.map(close, metrics, metrics4)


def close(a, b):
    np.testing.assert_allclose(b, a, atol=1e-4, rtol=5e-4)


# Refusals.


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"shares": ()}, r"algorithm\.shares: \(\) should"),
        ({"shares": (1.0, 0.0)}, r"algorithm\.shares: \(1\.0, 0\.0\) should"),
        ({"batch_sizes": (8, 0)}, r"algorithm\.batch_sizes: 0 is below 1"),
        ({"fade": 1.5}, r"algorithm\.fade: 1\.5 is not in \[0, 1\]"),
        ({"ema_decay": 1.0}, r"algorithm\.ema_decay"),
        ({"latent_dim": 0}, r"algorithm\.latent_dim"),
        ({"penalties": Penalties(drift=0.1)}, r"algorithm\.penalties: .* gradient_penalty above 0"),
        ({"penalties": Penalties(gradient_penalty=1.0, every=2)}, r"penalties\.every"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(fields, line):
    with pytest.raises(InputError, match=line):
        replace(SMALL, **fields).build(spec(8))


@pytest.mark.parametrize(("size", "use"), [(28, 32), (2, 4), (9, 16)])
def test_a_size_that_it_does_not_grow_to_names_the_next(size, use):
    with pytest.raises(InputError, match=rf"data\.image_size: .* never gets {size}; use {use}$"):
        SMALL.build(spec(size))


@pytest.mark.parametrize("shares", [(1.0, 1e3), (1.0, 1e-3)])
def test_a_run_too_short_for_a_level_is_refused(shares):
    with pytest.raises(InputError, match=r"steps: 21 leaves levels of (0, 21|21, 0) steps"):
        replace(SMALL, shares=shares).build(spec(8))


def test_a_net_that_cannot_grow_is_refused():
    config = replace(SMALL, generator=BookDCGANGenerator(features=2))
    with pytest.raises(InputError, match=r"algorithm\.generator: BookDCGANGenerator .* fade"):
        config.build(spec(8))
