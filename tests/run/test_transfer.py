"""A run from the weights of another, and layers that stay as they are."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import pytest

from jaxgan.algorithms import GAN, StyleGAN2
from jaxgan.core import freeze
from jaxgan.errors import InputError
from jaxgan.nets import (
    MLPDiscriminator,
    MLPGenerator,
    StyleGAN2Discriminator,
    StyleGAN2Generator,
)
from jaxgan.run.opened import open_run
from jaxgan.run.stage import legs_of, like
from jaxgan.run.transfer import Transfer
from tests.small import ALGORITHMS, SPEC, small_run
from tests.test_train import train

pytestmark = pytest.mark.xdist_group("transfer")  # one worker: they share a fixture

CONFIG = GAN(
    generator=MLPGenerator(hidden=8, norm="batch"),
    discriminator=MLPDiscriminator(hidden=8, norm="batch"),
    latent_dim=8,
)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    out = tmp_path_factory.mktemp("transfer") / "source"
    train(small_run(CONFIG, out, steps=4))
    return out


def weights(out, averaged=False):
    return open_run(out, averaged=averaged).weights


def same(a, b):
    return jax.tree.all(jax.tree.map(lambda x, y: bool((x == y).all()), a, b))


def test_frozen_weights_are_those_of_the_other_run_to_the_bit(source, tmp_path, capsys):
    out = tmp_path / "run"
    freeze = ("generator", "discriminator:1")
    train(small_run(CONFIG, out, steps=4, init_from=str(source), freeze=freeze, seed=1))
    said = capsys.readouterr().out
    assert f"init_from: {source}, step 4" in said
    assert "init_from: generator takes 8 of 8 arrays" in said
    for averaged in (False, True):
        old, new = weights(source, averaged), weights(out, averaged)
        assert same(old["generator"]["params"], new["generator"]["params"])
    statistics = (weights(place)["generator"]["batch_stats"] for place in (source, out))
    assert not same(*statistics)  # these go on
    old, new = (weights(place)["discriminator"]["params"] for place in (source, out))
    stays = {name for name in old if same(old[name], new[name])}
    assert stays == {"Dense_0", "Normalize_0"}  # the others learn


def test_a_resumed_run_takes_nothing_again(source, tmp_path, capsys):
    out = tmp_path / "run"
    run = small_run(CONFIG, out, steps=4, init_from=str(source))
    train(run)
    capsys.readouterr()
    train(replace(run, steps=8))
    assert "init_from" not in capsys.readouterr().out


def test_it_says_what_does_not_match_and_why(source, tmp_path):
    other = replace(CONFIG, latent_dim=5, discriminator=MLPDiscriminator(hidden=9, norm="batch"))
    run = small_run(other, tmp_path / "run", init_from=str(source))
    [leg] = legs_of(run, SPEC)
    said = Transfer(run, like(leg, SPEC.features)).lines
    assert "init_from: generator takes 7 of 8 arrays" in said
    line = "init_from: generator/params/Dense_0/kernel is (8, 8) there and (5, 8) here"
    assert line in said
    assert "init_from: and 2 more of discriminator do not match" in said


def test_a_run_with_other_nets_is_refused(source, tmp_path):
    run = small_run(ALGORITHMS["wgan"], tmp_path / "run", init_from=str(source))
    with pytest.raises(InputError, match=r"^init_from: no array of .* use a run with the same"):
        train(run)


def test_no_such_run_is_refused(tmp_path):
    run = small_run(CONFIG, tmp_path / "run", init_from=str(tmp_path / "none"))
    with pytest.raises(InputError, match=r"^init_from: out: .*none is not a run directory"):
        train(run)


@pytest.mark.parametrize(
    "text,message",
    [
        ("critic", r"^freeze: there is no critic; use .*discriminator"),
        ("discriminator:5", r"^freeze: discriminator:5 is not PLAYER:N with N from 1 to 2"),
        ("discriminator:x", r"^freeze: discriminator:x is not PLAYER:N"),
    ],
)
def test_what_cannot_be_frozen_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        freeze.with_frozen_players(CONFIG.build(SPEC), (text,), SPEC.batch(2))


def test_layers_are_in_the_order_of_their_calls():
    layers = freeze._layers(ALGORITHMS["sn_cgan"].build(SPEC), SPEC.batch(2))
    assert [sorted(group)[0] for group in layers["discriminator"]] == [
        "Conv_0", "Conv_1", "Conv_2", "Dense_0", "Projection_0",
    ]  # fmt: skip


def test_a_published_stylegan2_is_taken_with_its_averages(tmp_path, capsys):
    torch = pytest.importorskip("torch", reason="the extra `peers` is not installed")
    from tests.weights import published_networks as published

    torch.manual_seed(0)
    shared = {"channels": 1, "widths": {4: 4, 8: 4}}
    g, ema = (published.Generator(5, 0, 4, **shared) for _ in range(2))
    nets = {"G": g, "D": published.Discriminator(0, **shared), "G_ema": ema}
    file, out = tmp_path / "ffhq.pkl", tmp_path / "run"
    file.write_bytes(published.dumped(nets))
    widths = {"channel_base": 32, "channel_max": 4, "mapping_layers": 2}
    algorithm = StyleGAN2(
        generator=StyleGAN2Generator(style_dim=4, clamp_all=True, clamp=0.0, **widths),
        discriminator=StyleGAN2Discriminator(**widths),
        latent_dim=5,
    )
    like = jax.eval_shape(algorithm.build(SPEC).init, jax.random.key(0), SPEC.batch(2))
    transfer = Transfer(small_run(algorithm, out, init_from=str(file)), like)
    left = ("resample_filter", "noise_const")
    d_arrays, g_arrays = (
        sum(not name.endswith(left) for name in nets[name].state_dict()) for name in ("D", "G")
    )
    assert transfer.lines == [
        f"init_from: {file}, G, D, G_ema",
        "init_from: algorithm.discriminator.clamp is 0.0 there and 256.0 here",
        "init_from: algorithm.discriminator.clamp_all is True there and False here",
        f"init_from: discriminator takes {d_arrays} of {d_arrays} arrays",
        f"init_from: generator takes {g_arrays} of {g_arrays} arrays",
    ]
    state = transfer(jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), like))
    player = state.players["generator"]
    for variables, own in ((player.variables, g), (player.average, ema)):
        expected = own.synthesis.b4.const.detach().numpy().transpose(1, 2, 0)
        assert (variables["params"]["synthesize"]["first"] == expected).all()
    bias = state.players["discriminator"].variables["params"]["output"]["bias"]
    assert bias == nets["D"].b4.out.bias.item()


def test_a_file_that_is_no_stylegan2_is_refused(tmp_path):
    file = tmp_path / "a.pkl"
    file.write_bytes(b"\x80\x04}.")
    run = small_run(CONFIG, tmp_path / "run", init_from=str(file))
    with pytest.raises(InputError, match=r"^init_from: weights: .* holds none of the networks G"):
        train(run)
