"""What a GAN's two losses are made of, and what it refuses."""

from dataclasses import replace

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.algorithms import CGAN, GAN, SGD, Adam, Penalties, Targets
from jaxgan.algorithms._parts.diff_augment import DiffAugment
from jaxgan.algorithms._parts.networks import apply_net, fit
from jaxgan.core import Given, Spec, advance
from jaxgan.errors import InputError
from jaxgan.losses import adversarial
from jaxgan.nets import MLPDiscriminator, MLPGenerator
from tests.small import ALGORITHMS, NETS, SPEC

KEY = jax.random.key(0)
BATCH = {
    "image": jnp.asarray(np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1)), jnp.uint8),
    "label": jnp.arange(6) % 3,
}


class Constant(nn.Module):
    """A generator of one grey image."""

    @nn.compact
    def __call__(self, z, labels=None, train=True):
        grey = self.param("grey", nn.initializers.constant(0.25), ())
        return jnp.broadcast_to(grey, (z.shape[0], 8, 8, 1))


class Mean(nn.Module):
    """A discriminator whose logit is the image's mean times a weight."""

    @nn.compact
    def __call__(self, images, labels=None, train=True):
        weight = self.param("weight", nn.initializers.constant(2.0), ())
        return weight * images.mean((1, 2, 3))


def losses(**fields):
    gan = GAN(generator=Constant(), discriminator=Mean(), **fields)
    state = jax.jit(gan.build(SPEC).init)(KEY, BATCH)
    d, _ = gan.discriminator_loss(state.given, BATCH, KEY)
    g, _ = gan.generator_loss(state.given, BATCH, KEY)
    return float(d), float(g)


@pytest.mark.parametrize(
    "name", ["minimax", "nonsaturating", "least_squares", "hinge", "relativistic"]
)
def test_losses_are_the_objective_of_the_logits(name):
    real = 2 * (np.asarray(BATCH["image"], np.float64) / 127.5 - 1).mean((1, 2, 3))
    real, fake = jnp.asarray(real, jnp.float32), jnp.full(6, 0.5)
    objective = adversarial.get(name)
    d, g = losses(objective=name)
    np.testing.assert_allclose(d, objective.discriminator(real, fake), rtol=1e-5)
    np.testing.assert_allclose(g, objective.generator(fake, real), rtol=1e-5)


def test_penalties_are_added_with_their_weights():
    """The critic is linear: its gradient is 2/64 in each of 64 pixels, of squared norm 4/64."""
    plain, _ = losses(objective="hinge")
    norm2 = 64 * (2 / 64) ** 2
    for fields, extra in (
        ({"gradient_penalty": 10.0}, 10 * (np.sqrt(norm2) - 1) ** 2),
        ({"r1": 3.0}, 1.5 * norm2),
        ({"r2": 5.0}, 2.5 * norm2),
    ):
        penalised, _ = losses(objective="hinge", penalties=Penalties(**fields))
        np.testing.assert_allclose(penalised - plain, extra, rtol=1e-4)


def test_conditional_fakes_carry_the_real_labels_and_new_ones_in_the_generator_step():
    seen = []

    class Spy(Mean):
        num_classes: int = 0

        @nn.compact
        def __call__(self, images, labels=None, train=True):
            seen.append(np.asarray(labels))
            weight = self.param("weight", nn.initializers.constant(2.0), ())
            return weight * images.mean((1, 2, 3))

    class Generator(Constant):
        num_classes: int = 10

    gan = CGAN(generator=Generator(), discriminator=Spy())
    variables = {
        "generator": {"params": {"grey": jnp.asarray(0.1)}},
        "discriminator": {"params": {"weight": jnp.asarray(1.0)}},
    }
    given = Given(variables, {}, None, jnp.zeros((), jnp.int32))
    gan.discriminator_loss(given, BATCH, KEY)
    real, fake = seen
    np.testing.assert_array_equal(real, BATCH["label"])
    np.testing.assert_array_equal(fake, BATCH["label"])
    gan.generator_loss(given, BATCH, KEY)
    again = [seen[-1]]
    gan.generator_loss(given, BATCH, jax.random.key(1))
    assert not np.array_equal(seen[-1], again[0])
    assert seen[-1].max() > 2  # over all ten classes, not over the batch's three


@pytest.mark.parametrize(
    "fields,field",
    [
        ({"penalties": Penalties(gradient_penalty=10.0)}, "algorithm.discriminator.norm"),
        ({"penalties": Penalties(r1=1.0)}, "algorithm.discriminator.norm"),
        ({"penalties": Penalties(drift=-1.0)}, "algorithm.penalties.drift"),
        ({"penalties": Penalties(every=0)}, "algorithm.penalties.every"),
        ({"objective": "wasserstein"}, "algorithm.objective: .* use the algorithm WGAN"),
        ({"objective": "hinge", "targets": Targets(real_label=0.9)}, "targets.real_label"),
        ({"objective": "hinge", "targets": Targets(flip=0.1)}, "algorithm.targets.flip"),
        ({"targets": Targets(noise=-0.1)}, "algorithm.targets.noise"),
        ({"n_critic": 0}, "algorithm.n_critic"),
        ({"generator_optimizer": Adam(lr=0.0)}, "algorithm.generator_optimizer.lr"),
        ({"discriminator_optimizer": Adam(b1=1.0)}, "algorithm.discriminator_optimizer.b1"),
        ({"ema_decay": 1.5}, "algorithm.ema_decay"),
        ({"generator_optimizer": Adam(clip_norm=-1.0)}, "generator_optimizer.clip_norm"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(fields, field):
    with pytest.raises(InputError, match=field):
        GAN(**NETS, **fields).build(SPEC)


def test_a_conditional_gan_needs_labels():
    with pytest.raises(InputError, match=r"data\.source: it gives image, .* learns from label"):
        CGAN(**NETS).build(Spec({"image": SPEC.features["image"]}, 1))
    with pytest.raises(
        InputError, match=r"algorithm\.generator: Constant has no field num_classes"
    ):
        CGAN(generator=Constant()).build(SPEC)
    algorithm = CGAN(**NETS).build(SPEC)
    assert algorithm.functions["sample"].takes == ("label",)
    assert GAN(**NETS).build(SPEC).functions["sample"].takes == ()


class Heads(nn.Module):
    """A discriminator that does not take labels: its outputs are linear in the image's rows."""

    outputs: int = 1

    @nn.compact
    def __call__(self, images, labels=None, train=True):
        assert labels is None
        weight = self.param("weight", nn.initializers.normal(1.0), (images.shape[1], self.outputs))
        return images.mean((2, 3)) @ weight


def test_a_discriminator_may_classify_instead_of_receiving_the_class():
    """AC-GAN: hinge losses of the first output, cross-entropy of the other ten."""

    class Generator(Constant):
        num_classes: int = 10

    nets = {"generator": Generator(), "discriminator": Heads(outputs=1 + 10)}
    gan = CGAN(**nets, objective="hinge", class_loss=0.5)
    state = jax.jit(gan.build(SPEC).init)(KEY, BATCH)
    weight = np.asarray(state.given.variables["discriminator"]["params"]["weight"], np.float64)

    def outputs(rows):
        logits = rows @ weight
        return logits[:, 0], logits[:, 1:]

    def class_loss(logits, labels):
        exp = np.exp(logits)
        return -np.log(exp[np.arange(len(labels)), labels] / exp.sum(1)).mean()

    real = np.asarray(BATCH["image"], np.float64) / 127.5 - 1
    real, of_class = outputs(real.mean((2, 3)))
    fake, of_fake = outputs(np.full((6, 8), 0.25))
    labels = np.asarray(BATCH["label"])

    d, aux = gan.discriminator_loss(state.given, BATCH, KEY)
    expected = np.maximum(1 - real, 0).mean() + np.maximum(1 + fake, 0).mean()
    np.testing.assert_allclose(d, expected + 0.5 * class_loss(of_class, labels), rtol=1e-5)
    np.testing.assert_allclose(aux.metrics["class_accuracy"], (of_class.argmax(1) == labels).mean())

    g, _ = gan.fool(state.given, {**BATCH, "fake": jnp.full((6, 8, 8, 1), 0.25)}, KEY)
    np.testing.assert_allclose(g, -fake.mean() + 0.5 * class_loss(of_fake, labels), rtol=1e-5)


def test_a_class_loss_needs_classes_and_a_logit_for_each():
    algorithm = CGAN(generator=NETS["generator"], discriminator=Heads(), class_loss=1.0).build(SPEC)
    state = jax.eval_shape(algorithm.init, KEY, BATCH)
    assert state.given.variables["discriminator"]["params"]["weight"].shape == (8, 1 + 10)
    with pytest.raises(InputError, match=r"class_loss: .* algorithm\.conditional to True"):
        GAN(**NETS, class_loss=1.0).build(SPEC)
    with pytest.raises(InputError, match=r"algorithm\.discriminator: Mean has no field outputs"):
        CGAN(generator=NETS["generator"], discriminator=Mean(), class_loss=1.0).build(SPEC)


def test_two_learning_rates():
    def moved(**fields):
        gan = GAN(
            generator=MLPGenerator(hidden=4),
            discriminator=MLPDiscriminator(hidden=4),
            generator_optimizer=SGD(lr=1.0),
            **fields,
        )
        algorithm = gan.build(SPEC)
        before = jax.jit(algorithm.init)(KEY, BATCH)
        after, _ = jax.jit(algorithm.step)(before, BATCH, KEY)
        first = [before.players["discriminator"], after.players["discriminator"]]
        kernels = [p.variables["params"]["Dense_0"]["kernel"] for p in first]
        return np.asarray(kernels[1] - kernels[0])

    one = moved(discriminator_optimizer=SGD(lr=1.0))
    four = moved(discriminator_optimizer=SGD(lr=4.0))
    np.testing.assert_allclose(four, 4 * one, rtol=1e-3, atol=1e-6)


def test_averaging_can_be_left_out():
    state = jax.jit(replace(ALGORITHMS["gan"], ema_decay=0.0).build(SPEC).init)(KEY, BATCH)
    assert state.players["generator"].average is None


@pytest.mark.peers
def test_shared_fakes_give_the_gradient_of_the_same_fakes_made_again():
    """G's update by hand: the same codes, G's old parameters, D's new ones."""
    sgd = SGD(lr=0.1)
    rules = {"generator_optimizer": sgd, "discriminator_optimizer": sgd}
    gan = replace(ALGORITHMS["shared"], **rules, ema_decay=0.0)
    algorithm = gan.build(SPEC)
    batch = SPEC.batch(8)
    state = jax.jit(algorithm.init)(KEY, batch)
    new, _ = jax.jit(algorithm.step)(state, batch, KEY)
    assert new.memory == {}

    generator, discriminator = (fit(net, (8, 8, 1), "float32") for net in NETS.values())
    update_key = jax.random.fold_in(KEY, 0)  # of the first update in the chain
    k_fake = jax.random.split(update_key, 3)[0]
    z = gan.sampler.draw(jax.random.split(k_fake)[0], 8)
    d, g = new.players["discriminator"].variables, state.players["generator"].variables

    def loss(params):
        images, _ = apply_net(generator, {**g, "params": params}, z, None)
        # The discriminator's new parameters are those that G's update saw.
        logits, _ = apply_net(discriminator, d, images, None)
        return jnp.mean(jax.nn.softplus(-logits))

    gradient = jax.jit(jax.grad(loss))(g["params"])
    expected = jax.tree.map(lambda p, dp: p - 0.1 * dp, g["params"], gradient)
    found = new.players["generator"].variables["params"]
    chex.assert_trees_all_close(found, expected, atol=1e-5)


def test_shared_fakes_need_one_batch_of_them():
    with pytest.raises(InputError, match=r"algorithm\.share_fakes: .* use algorithm\.n_critic 1"):
        replace(ALGORITHMS["shared"], n_critic=2).build(SPEC)


@pytest.mark.peers
def test_lazy_penalties_weigh_as_much_as_those_of_each_step():
    """Four steps: two of them with the penalty's update, of twice the weight."""
    config = replace(ALGORITHMS["lazy"], augment=DiffAugment())
    algorithm = config.build(SPEC)
    state, step = jax.jit(algorithm.init)(KEY, BATCH), jax.jit(advance(algorithm))
    seen = []
    for _ in range(4):
        state, metrics = step(state, BATCH, KEY)
        seen.append(np.isfinite(metrics["penalty_loss"]))
    assert seen == [True, False, True, False]
    counts = optax.tree.get_all_with_path(state.players["discriminator"].opt_state, "count")
    assert {int(count) for _, count in counts} == {4 + 2}
    fitted = replace(config, discriminator=fit(config.discriminator, (8, 8, 1), "float32"))
    fitted = replace(fitted, generator=fit(config.generator, (8, 8, 1), "float32"))
    loss, aux = jax.jit(fitted.penalty_loss)(state.given, BATCH, KEY)
    np.testing.assert_allclose(loss, 2 * 0.5 * aux.metrics["r1"], rtol=1e-6)


def test_a_lazy_rule_is_that_of_stylegan2():
    rule = Adam(lr=2e-3, b1=0.0, b2=0.99).lazily(16)
    assert rule == Adam(lr=2e-3 * 16 / 17, b1=0.0, b2=0.99 ** (16 / 17))
