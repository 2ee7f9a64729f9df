"""Members that are trained together, against single runs; resume, sheets and opening a member."""

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan import evaluate, latent, sample
from jaxgan.algorithms import SGD, Penalties
from jaxgan.core import advance
from jaxgan.core.population import Population, member_of, stacked
from jaxgan.errors import InputError
from jaxgan.run import config
from jaxgan.run.config import Checkpoint, Evaluate, Log, Sample
from jaxgan.run.describe import describe
from jaxgan.run.logging import read_records
from jaxgan.run.loop import train as train_on
from jaxgan.run.opened import open_run, read_state
from jaxgan.run.session import Session, open_stages, placed
from jaxgan.system.devices import Devices
from tests.algorithms.test_every_algorithm import batches, build
from tests.small import ALGORITHMS, small_run
from tests.test_train import assert_same_runs, crash, train


def of(name, out, **fields):
    return small_run(ALGORITHMS[name], out, sample=Sample(every=8), **fields)


def state_of(out, member=0):
    return read_state(Path(out), member=member)[-1]


def assert_same_states(found, expected):
    """All weights, optimizers, averages and memory to 1e-5."""
    pairs = zip(*map(jax.tree_util.tree_leaves_with_path, (found, expected)), strict=True)
    for (path, a), (_, b) in pairs:
        name = jax.tree_util.keystr(path)
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5, err_msg=name)


def assert_same_records(run, member, single):
    """The metrics of a member to 1e-4: they divide by numbers that are small."""
    pairs = zip(
        read_records(run / "metrics.jsonl"), read_records(single / "metrics.jsonl"), strict=True
    )
    compared = 0
    for found, expected in pairs:
        for name in expected.keys() - {"step", "images", "images_per_second", "warning"}:
            value = found[f"{name}/{member}"]
            assert value == pytest.approx(expected[name], rel=1e-4, abs=1e-5), name
            compared += 1
    assert compared > 5


# Two batches a step for D and a rare update.
DENSE = replace(
    ALGORITHMS["gan"], n_critic=2, penalties=Penalties(drift=0.1, every=2), ema_decay=0.9
)


@pytest.mark.parametrize(
    "call,on_device",
    [
        pytest.param(1, False, marks=pytest.mark.slow),
        pytest.param(2, True, marks=pytest.mark.peers),
    ],
)
def test_each_member_is_the_single_run_of_its_seed(call, on_device, tmp_path):
    run = small_run(DENSE, tmp_path / "all", seed=3, steps_per_call=call, log=Log(every=4))
    data = replace(run.data, on_device=on_device, flip=True, crop=2)
    run = replace(run, data=data if on_device else replace(data, jitter=0.2))
    assert train(replace(run, population=2)) == 0
    single = replace(run, seed=4, out=str(tmp_path / "single"), steps_per_call=1)
    train(single)
    assert_same_states(state_of(run.out, 1), state_of(single.out))
    assert_same_records(Path(run.out), 1, Path(single.out))
    assert differ(*(state_of(run.out, i) for i in range(2)))


def differ(one, two):
    leaves = zip(*map(jax.tree.leaves, (one.players, two.players)), strict=True)
    return max(np.abs(a - b).max() for a, b in leaves) > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_every_method_can_be_a_population(name):
    """Parameters, statistics, averages and memory; an optimizer's means scale with gradients."""
    algorithm, stream = build(name), batches(build(name))
    pairs = [(next(stream), next(stream)) for _ in range(3)]
    keys = jnp.stack([jax.random.key(seed) for seed in (0, 1)])
    together = Population(2, [algorithm])
    state = jax.jit(together.init)(keys, stacked(pairs[0], np.stack))
    single = jax.jit(algorithm.init)(keys[1], pairs[0][1])
    step, alone = jax.jit(together.step()), jax.jit(advance(algorithm))
    for pair in pairs:
        state, metrics = step(state, stacked(pair, np.stack), keys)
        single, expected = alone(single, pair[1], keys[1])
    found = member_of(state, 1)
    for player, one in single.players.items():
        two = found.players[player]
        chex.assert_trees_all_close(two.variables, one.variables, atol=1e-5, rtol=1e-5)
        chex.assert_trees_all_close(two.average, one.average, atol=1e-5, rtol=1e-5)
    chex.assert_trees_all_close(found.memory, single.memory, atol=1e-5, rtol=1e-5)
    own = {metric: values[1] for metric, values in metrics.items()}
    chex.assert_trees_all_close(own, expected, atol=1e-4, rtol=5e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_every_method_can_be_swept(name, tmp_path):
    run = of(name, tmp_path / "run")
    fields = [field for field, _ in config.flatten(config.encode(run)) if field.endswith(".lr")]
    run = replace(run, sweep=f"{','.join(fields)}=1e-4,2e-4,5e-4")
    [stage], _ = open_stages(run, placed(run, Devices(1)))  # traces and compares the programs
    assert {leaf.shape[0] for leaf in jax.tree.leaves(stage.like.players)} == {3}


@pytest.mark.slow
def test_a_crash_and_a_restart_end_where_one_run_ends_to_the_bit(tmp_path, monkeypatch):
    run = of("gan", tmp_path / "whole", population=3)
    train(run)
    broken = replace(run, out=str(tmp_path / "broken"), checkpoint=Checkpoint(every=3))
    crash(monkeypatch, broken, at=5)
    train(broken)
    assert_same_runs(Path(run.out), Path(broken.out))
    steps = [record["step"] for record in read_records(Path(broken.out) / "metrics.jsonl")]
    assert steps == sorted(set(steps))
    with pytest.raises(InputError, match=r"population was 3 and is now 2"):
        train(replace(run, population=2))


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A run of two seeds."""
    run = of("gan", tmp_path_factory.mktemp("pair") / "run", population=2)
    train(run)
    return run


def test_records_hold_mean_deviation_and_each_member(pair):
    record = read_records(Path(pair.out) / "metrics.jsonl")[-1]
    for name in ("generator_loss", "discriminator_grad_norm", "diversity"):
        own = np.array([record[f"{name}/{i}"] for i in range(2)])
        assert record[name] == pytest.approx(own.mean())
        assert record[f"{name}_std"] == pytest.approx(abs(own[0] - own[1]) / np.sqrt(2))
        assert own[0] != own[1]
    assert record["images"] == 8 * 8


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """The single run that its second member equals."""
    run = of("gan", tmp_path_factory.mktemp("single") / "run", seed=1)
    train(run)
    return run


def test_a_sheet_holds_the_first_rows_of_each_member(pair, single):
    sheet = Image.open(Path(pair.out) / "samples.png")
    alone = Image.open(Path(single.out) / "samples.png")
    row = alone.height // 10 + 1
    own, other = (np.asarray(image) for image in (sheet, alone))
    beside = sheet.width - alone.width  # the names of the members
    found = own[5 * row :, beside:][: 4 * row].astype(int)
    assert np.abs(found - other[: 4 * row]).max() <= 1  # five rows of each
    assert (Path(pair.out) / "losses.png").stat().st_size


def test_a_member_is_opened_by_its_number(pair):
    first, second = (jaxgan.load(pair.out, member=i) for i in range(2))
    assert (first.run.seed, second.run.seed) == (0, 1)
    assert first.run.population == 1
    assert (first.sample(4) != second.sample(4)).any()
    np.testing.assert_array_equal(first.sample(4), open_run(pair.out).sample(4))
    with pytest.raises(InputError, match=r"member: 2 is not one of this run, which has members 0"):
        open_run(pair.out, member=2)


@pytest.mark.peers
def test_the_commands_take_a_member(pair, tmp_path, capsys):
    out = tmp_path / "x.npz"
    sample.main([pair.out, "--member", "1", "--n", "4", "--out", str(out)])
    with np.load(out) as file:
        np.testing.assert_array_equal(file["images"], jaxgan.load(pair.out, member=1).sample(4))
    film = tmp_path / "path.png"
    latent.main(
        [pair.out, "interpolate", "--seeds", "1", "2", "--frames", "2", "--member", "1",
         "--out", str(film)]
    )  # fmt: skip
    assert film.stat().st_size
    features = own_features(tmp_path)
    distances = []
    for member in ("0", "1"):
        arguments = ["--features", features, "--metrics", "fid", "--n", "32", "--member", member]
        capsys.readouterr()
        evaluate.main([pair.out, *arguments])
        report = json.loads(capsys.readouterr().out)
        distances += report["metrics"].values()
    assert report["checkpoint"] == {"step": 8, "best": False, "member": 1}
    assert distances[0] != distances[1]
    with pytest.raises(InputError, match=r"member: .* is no run, so it has no members"):
        evaluate.main([str(tmp_path), "--member", "1"])


def own_features(folder):
    path = folder / "own.py"
    path.write_text(
        "def features(images):\n    return images.reshape(len(images), -1)[:, :6] / 255.0\n"
    )
    return str(path)


def test_a_single_run_has_one_member(single):
    with pytest.raises(InputError, match=r"member: 1 is not one of this run, which has one member"):
        open_run(single.out, member=1)


@pytest.mark.slow
def test_what_is_not_finite_names_its_member(tmp_path):
    wild = replace(ALGORITHMS["gan"], generator_optimizer=SGD(), discriminator_optimizer=SGD())
    run = small_run(wild, tmp_path, steps=40, log=Log(every=40))
    fields = "algorithm.generator_optimizer.lr,algorithm.discriminator_optimizer.lr"
    with pytest.raises(InputError, match=r"step \d+: member 1: the parameters of .* not finite"):
        train(replace(run, sweep=f"{fields}=1e-4,1e4"))


def test_a_rollback_goes_on_with_other_keys_of_each_member(tmp_path):
    with_one = of("gan", tmp_path, population=2)
    session = Session(with_one, devices=Devices(1))
    before, after = (session.restore(rollbacks).root for rollbacks in (0, 1))
    session.close()
    keys = {str(jax.random.key_data(key)) for keys in (before, after) for key in keys}
    assert len(keys) == 4


@pytest.mark.parametrize("size", [pytest.param(2, marks=pytest.mark.slow), 4])
def test_all_members_start_from_the_weights_of_another_run(pair, size, tmp_path):
    run = of("gan", tmp_path / "run", population=size, init_from=pair.out)
    devices = Devices(size)
    with contextlib.closing(Session(run, devices=devices)) as session:
        state = jax.device_get(session.restore().state)
    last, averaged = (open_run(pair.out, kind).weights["generator"] for kind in (False, True))
    for i in range(size):
        player = member_of(state, i).players["generator"]
        chex.assert_trees_all_equal(player.variables, last)
        chex.assert_trees_all_equal(player.averaged, averaged)


@pytest.mark.slow
def test_members_are_split_over_devices_and_compute_the_same(pair, tmp_path):
    run = replace(pair, out=str(tmp_path / "two"))
    assert train_on(run, devices=Devices(2)) == 0
    for i in range(2):
        assert_same_states(state_of(run.out, i), state_of(pair.out, i))
    with contextlib.closing(Session(replace(run, steps=9), devices=Devices(2))) as session:
        leaf = jax.tree.leaves(session.restore().state.players)[-1]
    assert {shard.data.shape[0] for shard in leaf.addressable_shards} == {1}
    with pytest.raises(InputError, match=r"population: 6 members .* the 4 devices; use 4 or 8"):
        train_on(replace(run, population=6, out=None), devices=Devices(4))


@pytest.mark.slow
def test_a_sweep_over_devices_computes_the_same(tmp_path):
    text = "algorithm.generator_optimizer.lr=1e-4,3e-4,1e-3,3e-3"
    run = of("gan", tmp_path / "one", sweep=text)
    run = replace(run, data=replace(run.data, on_device=True))
    train(run)
    four = replace(run, out=str(tmp_path / "four"))
    assert train_on(four, devices=Devices(4)) == 0
    for i in range(4):
        assert_same_states(state_of(four.out, i), state_of(run.out, i))


def test_evaluations_are_of_each_member_and_the_best_is_by_the_mean(tmp_path):
    measured = Evaluate(every=4, n=32, features=own_features(tmp_path), metrics="fid")
    run = of("gan", tmp_path / "run", population=2, evaluate=measured)
    train(run)
    records = [r for r in read_records(tmp_path / "run" / "metrics.jsonl") if r["step"] in (4, 8)]
    name = next(n for n in records[0] if n.startswith("fid") and n.endswith("/0"))
    name = name.removesuffix("/0")
    for record in records:
        assert record[name] == pytest.approx((record[f"{name}/0"] + record[f"{name}/1"]) / 2)
    best = min(records, key=lambda r: r[name])["step"]
    assert int(read_state(tmp_path / "run", best=True, member=1)[-1].step) == best


def test_a_dry_run_counts_all_members(tmp_path):
    run = of("gan", tmp_path)
    text = describe(replace(run, population=2), Devices(1))
    single = describe(run, Devices(1))

    def flops(described):
        line = next(line for line in described.splitlines() if "GFLOP" in line)
        return float(line.split()[2])

    def total(described):
        return [int(line.split()[1].replace(",", "")) for line in described.splitlines()
                if line.split()[:1] == ["total"]]  # fmt: skip

    assert [2 * n for n in total(single)] == total(text)
    assert flops(text) >= flops(single)
    assert not list(tmp_path.iterdir())
