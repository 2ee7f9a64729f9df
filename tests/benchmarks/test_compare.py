import dataclasses
import functools
import json
import math
import textwrap
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util

from benchmarks import compare, jaxgan_step, workloads
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.workloads import WORKLOADS
from jaxgan.algorithms import GAN
from jaxgan.algorithms._parts.latent import Sampler
from jaxgan.algorithms._parts.networks import apply_net
from jaxgan.core import advance
from jaxgan.errors import InputError

SHARES = "share_fakes" in {field.name for field in dataclasses.fields(GAN)}
BATCH = 4
STEPS = 3

# The arithmetic and the table.


def rows_of(**rounds):
    measured = {"status": "ok", "compile_seconds": 1.0, "peak_mib": 100.0}
    rows = [{"contender": name, "rounds_ms": ms, **measured} for name, ms in rounds.items()]
    return compare.summarize(rows)


def test_ratios_are_medians_of_pairs_of_one_round():
    first, second = rows_of(jaxgan=[10.0, 20.0, 40.0], **{"torch-eager": [12.0, 30.0, 20.0]})
    assert first["ratios"] == [1.0, 1.0, 1.0]
    assert (first["ms_per_step"], second["ms_per_step"]) == (20.0, 20.0)
    assert second["ratios"] == [1.2, 1.5, 0.5]
    assert (second["ratio"], second["ratio_least"], second["ratio_most"]) == (1.2, 0.5, 1.5)


def test_table_names_the_fastest_peer():
    times = {"torch-eager": [15.0, 15.0], "tf-xla": [12.0, 13.0]}
    rows = rows_of(jaxgan=[10.0, 10.0], **times)
    text = compare.report("dcgan_28", rows, 64).splitlines()
    assert text[1] == "dcgan_28: DCGAN of the book, 28 px grey; batch 64; "
    title, *lines, last = text[2:]
    assert {len(line) for line in lines} == {len(title)}
    assert lines[2].split() == ["tf-xla", "12.5", "1.25", "1.20", "1.30", "1.0", "100"]
    assert "fastest peer is tf-xla: its steps take 1.25 of jaxgan's time, so jaxgan is" in last
    assert last.endswith("faster")


def test_no_ratio_without_jaxgan_and_no_number_without_a_measurement():
    (row,) = rows_of(**{"torch-eager": [15.0]})
    assert compare.line(row).split() == ["torch-eager", "15.0", "-", "-", "-", "1.0", "100"]
    assert compare.verdict([row]) == "jaxgan was not measured, so there are no ratios"
    dead = {"contender": "tf-xla", "status": "failed: Killed", "rounds_ms": [9.0]}
    rows = compare.summarize([*rows_of(jaxgan=[10.0, 10.0]), dead])
    assert compare.line(rows[1]) == "tf-xla                failed: Killed"
    assert rows[1]["ms_per_step"] is None
    assert compare.verdict(rows) == "no peer was measured"


@pytest.mark.parametrize(
    "args, message",
    [
        (["dcgan_82"], "workloads: there is no 'dcgan_82'; did you mean dcgan_28?"),
        (["--contenders", "torch-eagr"], "there is no 'torch-eagr'; did you mean torch-eager?"),
        (["--contenders", "xyz"], "use one of jaxgan, jaxgan-x1, torch-eager"),
        (["--rounds", "0"], "rounds: 0 is not above 0"),
        (["--seconds", "-1"], "seconds: -1.0 is not above 0"),
        (["--batch_size", "0"], "batch_size: 0 is not above 0"),
        (["--out", "no/such/folder.json"], "out: there is no folder"),
        (["--preload", "no/such.so"], "preload: there is no file no/such.so"),
        (["--batch_sise", "8"], "--batch"),
    ],
)
def test_bad_input_is_one_line(args, message):
    with pytest.raises(InputError) as caught:
        compare.main(args)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


# Contenders' processes.

SLEEPER = """
    import os, sys, time
    from benchmarks.contenders import Runner

    def build(workload, arrays, form):
        print("not an answer")
        assert arrays["image"].shape == (3, 28, 28, 1), arrays["image"].shape
        calls = 0
        if form == "bad":
            raise RuntimeError("no compiler\\nand a long story")

        def call():
            nonlocal calls
            calls += 1
            time.sleep(0.001)
            if calls > 10 and form == "raises":
                raise ValueError("in the middle")
            if calls > 10 and form == "exits":
                print("last line", file=sys.stderr, flush=True)
                os._exit(3)
            if calls > 10 and form == "aborts":
                os.abort()

        return Runner(call, lambda result: result, "sleeper 1.0", 2)
"""


@pytest.mark.peers
def test_one_that_dies_is_reported_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    (tmp_path / "sleeper.py").write_text(textwrap.dedent(SLEEPER))
    forms = ("good", "bad", "raises", "exits", "aborts")
    fakes = {form: Contender("sleeper", form, "json", "") for form in forms}
    fakes["absent"] = Contender("sleeper", "good", "no_such_package", "no-such==1")
    fakes["jaxgan"] = Contender("sleeper", "good", "jaxgan", "")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(compare, "PAUSE", 0.0)
    monkeypatch.setattr(compare, "CONTENDERS", fakes)
    out = tmp_path / "out.json"
    sizes = ["--rounds", "3", "--seconds", "0.06", "--batch-size", "3"]
    compare.main(["dcgan_28", *sizes, "--out", str(out)])
    result = json.loads(out.read_text())
    rows = {row["contender"]: row for row in result["workloads"][0]["rows"]}
    assert {name: row["status"] for name, row in rows.items()} == {
        "good": "ok",
        "bad": "not available: RuntimeError: no compiler",
        "raises": "failed: ValueError: in the middle",
        "exits": "failed: last line",
        "aborts": "failed: ended by SIGABRT",
        "absent": "not installed: pip install no-such==1",
        "jaxgan": "ok",
    }
    for row in (rows["good"], rows["jaxgan"]):
        assert len(row["rounds_ms"]) == 3
        assert 0.5 <= row["ms_per_step"] < 50.0  # a call of 1 ms is two steps
        assert row["steps_per_window"] >= compare.MINIMUM
        assert row["peak_mib"] > 1
        assert row["version"] == "sleeper 1.0"
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 1 + 3 + len(rows) + 1  # the machine, titles, rows, the verdict
    assert "the fastest peer is good" in printed[-1]


# The same workload everywhere: jaxgan's weights in the peers' nets.

SMALL = {
    "book_dcgan": {"features": (3, 2), "image_shape": (12, 20, 1)},
    "dcgan": {"features": (3, 2), "image_shape": (16, 16, 3)},
    "wgan_gp": {"features": (3, 2), "image_shape": (32, 32, 3), "n_critic": 2},
}
SPACE = {"book_dcgan": ((3, 5), (2, 3)), "dcgan": None, "wgan_gp": ((4, 4), (1, 1))}
"""(height, width) behind the generator's dense layer and before the discriminator's."""
KINDS = {
    "Linear": "Dense",
    "Dense": "Dense",
    "Conv2d": "Conv",
    "Conv": "Conv",
    "ConvTranspose2d": "ConvTranspose",
    "BatchNorm2d": "Normalize",
    "BatchNorm": "Normalize",
}
INNER = {"Normalize": "BatchNorm_0", "Conv": "Conv_0"}


def small(peer, **changes):
    first = next(w for w in WORKLOADS.values() if w.peer == peer)
    return dataclasses.replace(first, **SMALL[peer], learning_rate=3e-3, **changes)


def algorithm_of(workload):
    """(built algorithm, unbuilt one with its nets fitted to the data)."""
    method = workload.jaxgan(workload)
    return method.build(workloads.spec_of(workload)), method


def kind_of(layer):
    kind = KINDS.get(type(layer).__name__)
    return "ConvTranspose" if getattr(layer, "transpose", False) is True else kind


def places(layers):
    """(layer with parameters, its path in jaxgan's tree) of a peer's net."""
    layers, counts = list(layers), Counter()
    residual = any(hasattr(layer, "resample") for layer in layers)
    for layer in layers:
        kind = kind_of(layer)
        if hasattr(layer, "resample"):
            name = "_FirstBlock" if layer.first else "ResidualBlock"
            block = f"{name}_{counts[name]}"
            counts[name] += 1
            for part in ("norm_1", "conv_1", "norm_2", "conv_2", "shortcut"):
                inner = getattr(layer, part)
                if kind_of(inner):
                    yield inner, f"{block}/{part}/{INNER[kind_of(inner)]}"
        elif kind == "Conv" and residual:
            yield layer, "output/Conv_0"
        elif kind:
            suffix = "/BatchNorm_0" if kind == "Normalize" else ""
            yield layer, f"{kind}_{counts[kind]}{suffix}"
            counts[kind] += 1


def port(layers, params, put):
    """``put(layer, name, value)`` for every parameter; all are used."""
    flat = traverse_util.flatten_dict(jax.device_get(params), sep="/")
    for layer, path in places(layers):
        for name in ("kernel", "scale", "bias"):
            if (value := flat.pop(f"{path}/{name}", None)) is not None:
                put(layer, name, value)
    assert not flat, list(flat)


Z = np.random.default_rng(1).normal(size=(BATCH, 128)).astype(np.float32)
"""The latent codes of every draw; the penalty's points are all half way."""


def expected(workload):
    """Start, images and scores of jaxgan's nets, and the losses of its steps.

    With one latent code for all draws, fakes that are shared equal fakes that are made anew.
    """
    return _expected(dataclasses.replace(workload, share_fakes=False))


@functools.cache
def _expected(workload):
    algorithm, method = algorithm_of(workload)
    batch = jax.tree.map(jnp.asarray, workloads.random_bytes(workload, BATCH))
    G, D = (
        getattr(method, name).clone(image_shape=workload.image_shape)
        for name in ("generator", "critic" if hasattr(method, "critic") else "discriminator")
    )
    z = jnp.asarray(Z[:, : workload.latent_dim])

    @jax.jit
    def start(key):
        state = algorithm.init(key, batch)
        generator, critic = (player.variables for player in ordered(state.players))
        images = apply_net(G, generator, z)[0]
        return state, images, apply_net(D, critic, images)[0]

    state, images, scores = start(jax.random.key(0))
    params = [jax.device_get(player.variables["params"]) for player in ordered(state.players)]
    losses = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sampler, "draw", lambda self, key, n: z)
        patch.setattr(jax.random, "uniform", lambda key, shape, *_: jnp.full(shape, 0.5))
        step = jax.jit(advance(algorithm))
        for _ in range(STEPS):
            state, metrics = step(state, batch, jax.random.key(0))
            losses.append([metrics.get("discriminator_loss", math.nan), metrics["generator_loss"]])
    return params, np.asarray(images), np.asarray(scores), np.asarray(losses)


def ordered(players):
    return [players["generator"], *(p for name, p in players.items() if name != "generator")]


def close(actual, desired):
    known = ~np.isnan(desired)
    np.testing.assert_allclose(np.asarray(actual)[known], desired[known], 1e-4, 1e-4)


def methods():
    shared = small("book_dcgan", share_fakes=True)
    cases = [*map(small, SMALL), shared]
    return pytest.mark.parametrize("workload", cases, ids=[*SMALL, "book_dcgan_shared"])


def peers_of(library):
    found = pytest.importorskip(library)
    if library == "torch":
        found.set_num_threads(1)  # other tests run beside these
        from benchmarks.peers import torch_gan

        return torch_gan
    pytest.importorskip("jaxgan.data.hosttf")  # so that TensorFlow leaves a GPU to JAX
    from benchmarks.peers import tensorflow_gan

    return tensorflow_gan


@pytest.mark.peers
@pytest.mark.parametrize("library", ["torch", "tensorflow"])
def test_peers_have_as_many_parameters(library):
    peers = peers_of(library)
    for workload in (w for w in WORKLOADS.values() if w.peer in SMALL):
        plain = dataclasses.replace(workload, about="", share_fakes=False)
        assert peers.parameters(empty_nets(peers, library, workload)) == parameters(plain)


@functools.cache
def parameters(workload):
    algorithm, _ = algorithm_of(workload)
    players = ordered(jax.eval_shape(algorithm.init, jax.random.key(0), None).players)
    leaves = [jax.tree.leaves(player.variables["params"]) for player in players]
    return [sum(math.prod(p.shape) for p in params) for params in leaves]


def empty_nets(peers, library, workload):
    nets = peers.PEERS[workload.peer].nets
    if library == "torch":
        with peers.torch.device("meta"):
            return nets(workload)
    return nets(workload)


def mirror(images):
    return images[..., ::-1, ::-1, :].copy()


def torch_put(torch, space):
    """Writes jaxgan's parameters so that the torch net makes the mirror image."""

    def put(layer, name, value):
        kind = kind_of(layer)
        if kind == "Dense" and space:
            value = mirrored_dense(value, name, space[layer.out_features == 1], layer)
        elif name == "kernel" and kind == "Conv":
            value = value[::-1, ::-1].transpose(3, 2, 0, 1)
        elif name == "kernel":  # torch's transposed convolution flips its kernel by itself
            value = value.transpose(2, 3, 0, 1)
        target = layer.bias if name == "bias" else layer.weight
        with torch.no_grad():
            assert target.shape == value.shape
            target.copy_(torch.from_numpy(value.copy()))

    return put


def mirrored_dense(value, name, space, layer):
    """A dense layer before or behind pixels: NHWC to mirrored NCHW."""
    if layer.out_features == 1:
        if name == "bias":
            return value
        pixels = value.reshape(*space, -1)[::-1, ::-1]
        return pixels.transpose(2, 0, 1).reshape(1, -1)
    pixels = value.reshape(-1, *space, value.shape[-1] // math.prod(space))[:, ::-1, ::-1]
    units = pixels.transpose(3, 1, 2, 0).reshape(value.shape[-1], -1)
    return units[:, 0] if name == "bias" else units


@pytest.mark.peers
@methods()
def test_torch_takes_the_same_steps(workload, monkeypatch):
    peers = peers_of("torch")
    torch = peers.torch
    params, images, scores, losses = expected(workload)
    z = torch.from_numpy(Z[:, : workload.latent_dim])
    monkeypatch.setattr(peers.Step, "latent", lambda self, n: z)
    monkeypatch.setattr(torch, "rand", lambda *shape: torch.full(shape, 0.5))
    peer = peers.PEERS[workload.peer]
    data = {k: mirror(v) for k, v in workloads.random_bytes(workload, BATCH).items()}
    for form in ("eager", "channels_last"):
        step = peer.step(peer.nets(workload), workload, data, form)
        for net, tree in zip((step.G, step.D), params, strict=True):
            port(net.children(), tree, torch_put(torch, SPACE[workload.peer]))
        with torch.no_grad():
            made = step.G(z)
            close(mirror(made.permute(0, 2, 3, 1).numpy()), images)
            close(step.D(made).numpy(), scores)
        close([[float(loss) for loss in step()] for _ in range(STEPS)], losses)
        assert all(p.requires_grad for p in step.D.parameters())


def tensorflow_put(layer, name, value):
    if name == "kernel" and kind_of(layer) == "ConvTranspose":
        value = value[::-1, ::-1].swapaxes(2, 3)
    names = {"scale": "gamma"} | ({"bias": "beta"} if hasattr(layer, "beta") else {})
    getattr(layer, names.get(name, name)).assign(value)


@pytest.mark.peers
@methods()
def test_tensorflow_takes_the_same_steps(workload, monkeypatch):
    peers = peers_of("tensorflow")
    tf = peers.tf
    params, images, scores, losses = expected(workload)
    z = tf.constant(Z[:, : workload.latent_dim])
    monkeypatch.setattr(peers.Step, "latent", lambda self, n: z)
    monkeypatch.setattr(tf.random, "uniform", lambda shape: tf.fill(shape, 0.5))
    peer = peers.PEERS[workload.peer]
    step = peer.step(peer.nets(workload), workload)
    for net, tree in zip((step.G, step.D), params, strict=True):
        port(net.layers, tree, tensorflow_put)
    made = step.G(z)
    close(made.numpy(), images)
    close(step.D(made).numpy(), scores)
    compiled = tf.function(step.__call__, autograph=False)
    data = {k: tf.constant(v) for k, v in workloads.random_bytes(workload, BATCH).items()}
    close([[float(loss) for loss in compiled(**data)] for _ in range(STEPS)], losses)


# jaxgan's own side.


@pytest.mark.peers
def test_jaxgan_trains_as_its_command_does():
    workload = dataclasses.replace(small("dcgan"), image_shape=(8, 8, 1))
    runner = jaxgan_step.build(workload, workloads.random_bytes(workload, BATCH), "x1")
    first = runner.wait(runner.call())
    second = runner.wait(runner.call())
    assert (runner.steps, runner.version) == (1, f"jax {jax.__version__}")
    assert first["generator_loss"] != second["generator_loss"]
    assert all(np.isfinite(value) for value in second.values())


@pytest.mark.skipif(not SHARES, reason="GAN has no share_fakes yet")
def test_jaxgan_shares_its_fakes_where_the_peers_do():
    _, method = algorithm_of(small("book_dcgan", share_fakes=True))
    assert method.share_fakes


def test_every_contender_is_one_of_three_libraries_and_every_default_has_a_name():
    assert next(iter(CONTENDERS)) == compare.REFERENCE
    assert {c.package for c in CONTENDERS.values()} == {"jaxgan", "torch", "tensorflow"}
    assert set(workloads.DEFAULT) < set(WORKLOADS)
    for name, workload in WORKLOADS.items():
        assert workload.share_fakes == name.endswith("_shared")
