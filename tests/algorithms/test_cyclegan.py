"""CycleGAN beside PyTorch, its parts, and what it refuses."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.algorithms import GAN, SGD, CycleGAN, Penalties
from jaxgan.core import Feature, Spec, advance
from jaxgan.errors import InputError
from jaxgan.nets import PatchGAN, PixelDiscriminator, ResNetGenerator, UNetGenerator
from tests.small import ALGORITHMS, PAIRS, SPEC

KEY = jax.random.key(0)
PLAIN = {"generator_optimizer": SGD(lr=1.0), "discriminator_optimizer": SGD(lr=1.0)}
"""With these, the parameters change by minus the gradient."""

HALVED = SGD(lr=0.1, schedule="constant_linear")
LEAST = CycleGAN(
    generator=UNetGenerator(features=2, depth=2, dropout=0.0),
    discriminator=PixelDiscriminator(features=2),
    identity=0.0,
    pool_size=2,
)
"""What compiles fastest, where the nets do not matter."""


def pairs(size):
    return Spec({name: Feature("image", (size, size, 3)) for name in "ab"}, steps=10)


def batch(n, size=8, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.integers(0, 256, (n, size, size, channels), np.uint8) for name in "ab"}


def one_step(config, data, spec=PAIRS):
    algorithm = config.build(spec)
    state = jax.jit(algorithm.init)(KEY, data)
    new, metrics = jax.jit(advance(algorithm))(state, data, KEY)
    return state, new, metrics


def params_of(state, player):
    return state.players[player].variables["params"]


@pytest.mark.parametrize(
    "n", [pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.peers)]
)
def test_one_whole_step_equals_pytorch(n):
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    from benchmarks.peers import torch_translation as peer

    config = CycleGAN(
        generator=ResNetGenerator(features=8, blocks=1), discriminator=PatchGAN(features=8), **PLAIN
    )
    data = batch(n, 32)
    state, new, metrics = one_step(config, data, pairs(32))
    nets = {
        name: peer.load(peer.resnet_generator(1, 8), params_of(state, name))
        for name in ("ab", "ba")
    }
    judges = {
        name: peer.load(peer.patchgan(3, 8), params_of(state, f"discriminator_{name}"))
        for name in ("a", "b")
    }
    a, b = (peer.to_torch(data[name] / np.float32(127.5) - 1) for name in ("a", "b"))
    fake_b, fake_a = nets["ab"](a), nets["ba"](b)
    l1, mse = torch.nn.functional.l1_loss, torch.nn.functional.mse_loss

    def towards(logits, target):
        return mse(logits, torch.full_like(logits, target))

    loss = towards(judges["b"](fake_b), 1.0) + towards(judges["a"](fake_a), 1.0)
    loss = loss + 10 * l1(nets["ba"](fake_b), a) + 10 * l1(nets["ab"](fake_a), b)
    loss = loss + 5 * l1(nets["ab"](b), b) + 5 * l1(nets["ba"](a), a)
    loss.backward()
    for judge in judges.values():
        judge.zero_grad()
    np.testing.assert_allclose(metrics["generators_loss"], loss.item(), rtol=1e-5)
    for name, real, fake in (("a", a, fake_a), ("b", b, fake_b)):
        judge = judges[name]
        own = (towards(judge(real), 1.0) + towards(judge(fake.detach()), 0.0)) / 2
        own.backward()
        np.testing.assert_allclose(metrics[f"discriminator_{name}_loss"], own.item(), rtol=1e-5)
    modules = {**nets, **{f"discriminator_{name}": judge for name, judge in judges.items()}}
    for player, module in modules.items():
        changed = jax.tree.map(lambda p, q: p - q, params_of(state, player), params_of(new, player))
        for ours, theirs in zip(peer.kernels(changed), peer.gradients(module), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())


@pytest.mark.slow
def test_parts_and_rematerialisation_change_no_gradient():
    config = replace(ALGORITHMS["cyclegan"], pool_size=2, **PLAIN)
    data = batch(4)
    _, whole, metrics = one_step(config, data)
    _, parts, metrics_of_parts = one_step(replace(config, accumulate=2, remat=True), data)
    for player in whole.players:
        jax.tree.map(
            lambda p, q: np.testing.assert_allclose(p, q, atol=2e-5, rtol=1e-4),
            params_of(whole, player),
            params_of(parts, player),
        )
    np.testing.assert_allclose(
        whole.memory["pool"]["fake_a"], parts.memory["pool"]["fake_a"], atol=1e-5
    )
    for name in ("generators_loss", "discriminators_loss", "cycle_a"):
        np.testing.assert_allclose(metrics[name], metrics_of_parts[name], rtol=1e-4)


def test_rematerialisation_keeps_no_activations_of_the_generators():
    data = jax.tree.map(jnp.asarray, batch(2, 16))
    spec = pairs(16)
    kept = {}
    for remat in (False, True):
        config = replace(
            ALGORITHMS["cyclegan"], remat=remat, discriminator=PixelDiscriminator(features=1)
        )
        state = jax.eval_shape(config.build(spec).init, KEY, data)

        def pullback(given, config=config):
            return jax.vjp(lambda g: config.generator_loss(g, data, KEY)[0], given)[1]

        given = state.given._replace(step=jnp.zeros(()))
        shapes = jax.tree.leaves(jax.eval_shape(pullback, given))
        kept[remat] = sum(leaf.size for leaf in shapes if leaf.shape[:1] in ((2,), (4,)))
    assert 0 < kept[True] < 0.5 * kept[False]


def test_the_loss_is_the_weighted_sum_of_its_parts():
    config = replace(ALGORITHMS["cyclegan"], **PLAIN)
    algorithm = config.build(PAIRS)
    data = batch(2)
    state = jax.jit(algorithm.init)(KEY, data)
    loss, aux = jax.jit(config.generator_loss)(state.given, data, KEY)
    assert set(aux.rows) == {"fake_a", "fake_b"}
    want = aux.metrics["adversarial_a"] + aux.metrics["adversarial_b"]
    want += 10 * (aux.metrics["cycle_a"] + aux.metrics["cycle_b"])
    want += 5 * (aux.metrics["identity_a"] + aux.metrics["identity_b"])
    np.testing.assert_allclose(loss, want, rtol=1e-6)


def test_without_identity_there_are_no_identity_passes():
    algorithm = replace(ALGORITHMS["cyclegan"], identity=0.0).build(PAIRS)
    state = jax.eval_shape(algorithm.init, KEY, batch(2))
    _, metrics = jax.eval_shape(advance(algorithm), state, batch(2), KEY)
    assert not {"identity_a", "identity_b"} & set(metrics)


@pytest.mark.parametrize(
    "objective",
    [
        *(pytest.param(o, marks=pytest.mark.slow) for o in ("minimax", "nonsaturating", "hinge")),
        pytest.param("relativistic", marks=pytest.mark.peers),
    ],
)
def test_any_objective_trains(objective):
    _, new, metrics = one_step(replace(LEAST, objective=objective), batch(2))
    assert all(np.isfinite(value) for value in metrics.values())
    assert int(new.memory["pool"]["count"]) == 2


@pytest.mark.slow
def test_batch_norm_and_dropout_train_too():
    config = CycleGAN(
        generator=UNetGenerator(features=2, depth=3),
        discriminator=PixelDiscriminator(features=2, norm="batch"),
        accumulate=2,
    )
    state, new, metrics = one_step(config, batch(4))
    assert all(np.isfinite(value) for value in metrics.values())
    for player in ("ab", "discriminator_a"):
        moved = jax.tree.map(
            lambda p, q: float(jnp.abs(p - q).max()),
            state.players[player].variables["batch_stats"],
            new.players[player].variables["batch_stats"],
        )
        assert min(jax.tree.leaves(moved)) > 0


@pytest.mark.slow
def test_the_learning_rate_is_constant_for_half_the_run_and_0_at_its_end():
    config = replace(LEAST, generator_optimizer=HALVED, discriminator_optimizer=HALVED)
    schedule = [0.1] * 10 + [0.1 * (1 - i / 10) for i in range(10)]
    algorithm = config.build(PAIRS)
    state = jax.jit(algorithm.init)(KEY, batch(1))
    step = jax.jit(advance(algorithm))
    for rate in schedule:
        old = state
        state, metrics = step(state, batch(1), KEY)
        moved = [
            jax.tree.map(lambda p, q: p - q, params_of(old, name), params_of(state, name))
            for name in ("discriminator_a", "discriminator_b")
        ]
        want = [rate * metrics[f"discriminator_{domain}_grad_norm"] for domain in "ab"]
        np.testing.assert_allclose([optax.tree.norm(m) for m in moved], want, rtol=1e-3)


@pytest.mark.peers
def test_the_sheet_shows_both_ways_there_and_back():
    config = ALGORITHMS["cyclegan"]
    algorithm = config.build(PAIRS)
    data = jax.tree.map(jnp.asarray, batch(3))
    weights = jax.jit(algorithm.init)(KEY, data).weights()
    titles = []

    @jax.jit
    def show():
        columns = algorithm.show(weights, data, KEY)
        titles.extend(columns)
        return list(columns.values())

    sheet = np.stack(show(), axis=1)
    assert titles[:4] == ["real A", "fake B", "cycle A", "identity A"]
    assert sheet.shape == (3, 8, 8, 8, 3)
    a, b = (jnp.asarray(data[name] / np.float32(127.5) - 1) for name in ("a", "b"))

    @jax.jit
    def ab(x):
        return algorithm.functions["ab"].apply(weights, {"a": x}, None)

    @jax.jit
    def ba(x):
        return algorithm.functions["ba"].apply(weights, {"b": x}, None)

    want = [a, ab(a), ba(ab(a)), ba(a), b, ba(b), ab(ba(b)), ab(b)]
    np.testing.assert_allclose(sheet, np.stack(want, axis=1), atol=1e-5)
    measured = jax.jit(algorithm.measure)(weights, data, KEY)
    distance = float(jnp.abs(ba(ab(a)) - a).mean())
    np.testing.assert_allclose(measured["cycle_a"].compute(), distance, rtol=1e-5)


@pytest.mark.parametrize(
    "fields,words",
    [
        ({"pool_size": -1}, "pool_size: -1 is below 0"),
        ({"accumulate": 0}, "accumulate: 0 is below 1"),
        ({"identity": -1.0}, "identity: -1.0 is below 0"),
        ({"objective": "wasserstein"}, "wasserstein needs a Lipschitz discriminator"),
        (
            {
                "discriminator": PatchGAN(norm="batch"),
                "penalties": Penalties(gradient_penalty=10.0),
            },
            "discriminator.norm: a gradient penalty needs",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(fields, words):
    with pytest.raises(InputError, match=words):
        CycleGAN(**fields).build(PAIRS)


def test_parts_that_do_not_divide_the_batch_are_refused():
    with pytest.raises(InputError, match=r"accumulate: 2 parts do not divide the 3 examples"):
        one_step(replace(ALGORITHMS["cyclegan"], accumulate=2), batch(3))


def test_one_domain_is_refused_and_two_by_a_gan():
    with pytest.raises(InputError, match=r"gives image and label, .* from a and b; use unpaired:"):
        CycleGAN().build(SPEC)
    with pytest.raises(InputError, match="gives a and b, and this method learns from image"):
        GAN().build(PAIRS)


def test_domains_of_other_shapes_are_refused():
    grey = {"a": Feature("image", (32, 32, 1)), "b": Feature("image", (32, 32, 3))}
    with pytest.raises(InputError, match=r"data\.channels: .* --data\.channels 3"):
        CycleGAN().build(Spec(grey, 10))


def test_an_image_that_is_too_small_is_refused():
    spec = pairs(12)
    algorithm = CycleGAN().build(spec)
    with pytest.raises(InputError, match="PatchGAN with 3 layers needs 24 pixels, not 12"):
        jax.eval_shape(algorithm.init, KEY, spec.batch(1))
