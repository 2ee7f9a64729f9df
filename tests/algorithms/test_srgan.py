"""SRGAN: its losses beside their formulas, two legs of one run, and VGG that stays as it is."""

import contextlib
import functools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.algorithms import SRGAN, Content
from jaxgan.core import Feature, Given, Spec, advance
from jaxgan.errors import InputError
from jaxgan.nets import EDSR, SRGANDiscriminator
from jaxgan.ops.pixels import to_float
from jaxgan.run.opened import open_run
from jaxgan.run.session import Session
from jaxgan.system.devices import Devices
from tests.run.methods import run_of
from tests.run.test_progan_run import steps

KEY = jax.random.key(0)
SPEC = Spec({"image": Feature("image", (8, 8, 1))}, steps=8)
SMALL = SRGAN(
    generator=EDSR(features=2, blocks=1),
    discriminator=SRGANDiscriminator(features=1, dense=2),
    pretraining=0.5,
    ema_decay=0.5,
)


def write_vgg(folder, seed=0):
    """The first layer of VGG, of random values."""
    values = np.random.default_rng(seed).normal(size=(64, 3, 3, 3)).astype(np.float32)
    np.savez(folder / "vgg.npz", **{"conv1_1/w": values, "conv1_1/b": np.zeros(64, np.float32)})
    return str(folder / "vgg.npz")


@pytest.fixture
def perceptual(tmp_path):
    return replace(SMALL, content=Content(weights=write_vgg(tmp_path), layer="relu1_1", weight=0.3))


def images(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (4, 8, 8, 1)).astype(np.uint8)


def test_generator_loss_is_content_and_a_thousandth_of_the_game(perceptual):
    _, leg = perceptual.build(SPEC)
    vgg = perceptual.content.open()
    state = jax.jit(leg.algorithm.init)(KEY, {"image": images()})
    variables = {name: player.variables for name, player in state.players.items()}
    y, fake = (to_float(jnp.asarray(images(seed))) for seed in (0, 1))

    @jax.jit
    def compared(variables, frozen):
        given = Given(variables, {}, frozen, 0)
        batch = {"image": jnp.asarray(images()), "fake": fake}
        g = perceptual.generator_loss(vgg, given, batch, KEY)
        d = perceptual.discriminator_loss(given, batch, KEY)
        maps = [vgg(frozen["vgg"], x)["relu1_1"] for x in (fake, y)]
        return g, d, maps

    (loss, aux), (d_loss, d_aux), (a, b) = compared(variables, {"vgg": vgg.variables})
    logits, real = (
        jax.jit(functools.partial(perceptual.discriminator.apply, mutable=["batch_stats"]))(
            variables["discriminator"], x
        )[0]
        for x in (fake, y)
    )
    content = 0.3 * np.mean((np.asarray(a, np.float64) - b) ** 2)
    adversarial = np.mean(np.log1p(np.exp(-np.asarray(logits, np.float64))))
    np.testing.assert_allclose(aux.metrics["content"], content, rtol=1e-4)
    np.testing.assert_allclose(aux.metrics["adversarial"], adversarial, rtol=1e-4)
    np.testing.assert_allclose(loss, content + 1e-3 * adversarial, rtol=1e-4)
    p, q = (1 / (1 + np.exp(-np.asarray(x, np.float64))) for x in (real, logits))
    np.testing.assert_allclose(d_loss, -np.log(p).mean() - np.log(1 - q).mean(), rtol=1e-4)
    assert float(d_aux.metrics["real_rate"]) == np.mean(np.asarray(real) > 0)


@pytest.fixture
def traces(monkeypatch):
    """The players whose steps were traced."""
    found = []

    def counted(algorithm):
        step = advance(algorithm)

        def traced(state, batch, root):
            found.append(sorted(state.players))
            return step(state, batch, root)

        return traced

    monkeypatch.setattr("jaxgan.run.programs.advance", counted)
    return found


@pytest.mark.slow
def test_killed_between_legs_and_in_the_second_it_resumes_to_the_bit(perceptual, tmp_path, traces):
    session = Session(run_of(perceptual, tmp_path / "run"), devices=Devices(1))
    with contextlib.closing(session):
        whole, metrics = steps(session, until=8)
        assert {len(metrics[step]) > 3 for step in (1, 4)} == {False}
        assert "adversarial" in metrics[5]
        steps(session, until=4, save=[4])  # the end of the first leg
        assert open_run(tmp_path / "run").weights.keys() == {"generator"}
        steps(session, until=6, save=[6])
        opened = open_run(tmp_path / "run")
        assert opened.weights.keys() == {"generator", "discriminator", "vgg"}
        assert opened.apply("upscale", images()[:, :5, :6]).shape == (4, 10, 12, 1)
        again, rest = steps(session, until=8)
    assert list(rest) == [7, 8]
    jax.tree.map(np.testing.assert_array_equal, whole, again)
    assert traces == [["generator"], ["discriminator", "generator"]]
    write_vgg(tmp_path, seed=1)
    with pytest.raises(InputError, match=r"frozen weights 'vgg' of SHA-256 \w{12} .* has \w{12}"):
        open_run(tmp_path / "run")


def test_the_second_leg_starts_from_the_first_ones_generator():
    first, second = SMALL.build(SPEC)
    batch = {"image": images()}
    old = jax.jit(first.algorithm.init)(KEY, batch)
    new = second.adopt(old, jax.jit(second.algorithm.init)(jax.random.key(1), batch))
    jax.tree.map(
        np.testing.assert_array_equal,
        old.players["generator"].averaged,
        new.players["generator"].variables,
    )


@pytest.mark.parametrize(
    "fields,message",
    [
        ({"pretraining": 1.0}, r"^algorithm\.pretraining: 1\.0 is not in \(0, 1\)"),
        ({"pretraining": 0.01}, r"^steps: 8 leaves legs of 0 and 8 steps: use more"),
        ({"adversarial": -1.0}, r"^algorithm\.adversarial: -1\.0 is below 0"),
        (
            {"content": Content(weights="none.npz")},
            r"^algorithm\.content\.weights: there is no file none\.npz",
        ),
        (
            {"generator": EDSR(scale=6)},
            r"^algorithm\.generator\.scale: EDSR has no x6: use one of 2, 3, 4",
        ),
    ],
)
def test_what_it_refuses(fields, message):
    with pytest.raises(InputError, match=message):
        replace(SMALL, **fields).build(SPEC)


def test_weights_of_another_network_are_refused(perceptual):
    deeper = replace(perceptual, content=replace(perceptual.content, layer="relu1_2"))
    with pytest.raises(
        InputError, match=r"^algorithm\.content\.weights: the file has no tensor conv1_2/w; is it"
    ):
        deeper.build(SPEC)
