"""The loop: what a run leaves behind, and that it resumes to the bit."""

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest
from PIL import Image

from jaxgan.algorithms import SGD
from jaxgan.core import advance
from jaxgan.errors import InputError
from jaxgan.run.checkpoint import Checkpoints
from jaxgan.run.config import Checkpoint, Log, Sample
from jaxgan.run.logging import Logger, read_records
from jaxgan.run.loop import train as train_on
from jaxgan.run.session import Session
from jaxgan.system.devices import Devices
from tests.conftest import ROOT, XLA_FLAGS
from tests.small import ALGORITHMS, small_run


def train(run, fresh=False):
    """On one device: what four of them change is tested with the algorithms."""
    return train_on(run, fresh, Devices(1))


def final_state(out):
    """The newest checkpoint, leaf by leaf."""
    handler = ocp.StandardCheckpointHandler()
    with ocp.CheckpointManager(out / "checkpoints", item_handlers=handler) as manager:
        step = manager.latest_step()
        here = jax.sharding.SingleDeviceSharding(jax.devices()[0])  # wherever it was saved
        like = jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=here),
            manager.item_metadata(step),
        )
        state = manager.restore(step, args=ocp.args.StandardRestore(like))
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def losses(out):
    """The records, without the clock's."""
    return [
        {k: v for k, v in record.items() if k != "images_per_second"}
        for record in read_records(out / "metrics.jsonl")
    ]


def assert_same_runs(expected_out, found_out):
    """The last states and the sheets are equal to the bit."""
    expected, found = final_state(expected_out), final_state(found_out)
    assert expected.keys() == found.keys()
    for leaf, value in expected.items():
        np.testing.assert_array_equal(found[leaf], value, err_msg=leaf)
    sheets = [(out / "samples.png").read_bytes() for out in (expected_out, found_out)]
    assert sheets[0] == sheets[1]


class CrashError(Exception):
    """Stands for kill -9: nothing is saved on the way out."""


def crash(monkeypatch, run, at):
    original = Logger.add

    def add(self, step, metrics, count):
        original(self, step, metrics, count)
        if step == at:
            raise CrashError

    with monkeypatch.context() as patch:
        patch.setattr(Logger, "add", add)
        with pytest.raises(CrashError):
            train(run)


def augmented(name, out):
    """A run with random draws wherever a run can have them."""
    run = small_run(ALGORITHMS[name], out, checkpoint=Checkpoint(every=4), log=Log(every=4))
    return replace(run, data=replace(run.data, flip=True, crop=2, jitter=0.2))


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """By name: the augmented run that was not disturbed, once for each worker."""

    @functools.cache
    def train_whole(name):
        run = augmented(name, tmp_path_factory.mktemp(name) / "whole")
        assert train(run) == 0
        return run

    return train_whole


def grouped(*cases, marks=()):
    """Cases with one method's name first run on one worker of pytest-xdist, and share its run."""
    return [
        pytest.param(*case, marks=[pytest.mark.xdist_group(f"run {case[0]}"), *marks])
        for case in cases
    ]


# One of each kind of state: batch and spectral norm, schedules, pools and averages.
@pytest.mark.parametrize(
    "name",
    grouped(["sn_cgan"])
    # StyleGAN2's state has the probability of augmentations too.
    + grouped(
        *(["wgan_gp"], ["dcgan"], ["pix2pix"], ["stylegan2"], ["mnet"], ["cyclegan"]),
        marks=[pytest.mark.slow],
    )
    + grouped(["autoencoder"], ["vae"], ["iwae"], marks=[pytest.mark.slow])
    + grouped(["anomaly"], ["ganomaly"], ["skip_ganomaly"], marks=[pytest.mark.slow])
    + grouped(["fsrcnn"], ["srgan"], ["fast_style"], marks=[pytest.mark.slow]),
)
def test_a_crash_and_a_restart_end_where_one_run_ends_to_the_bit(
    name, whole, tmp_path, monkeypatch
):
    run = whole(name)
    broken = replace(run, out=str(tmp_path / "broken"), checkpoint=Checkpoint(every=3))
    crash(monkeypatch, broken, at=5)
    assert train(broken) == 0
    assert_same_runs(Path(run.out), tmp_path / "broken")


@pytest.mark.parametrize(
    "name,call,on_device",
    grouped(("wgan_gp", 4, True))  # several batches a step, too
    + grouped(("wgan_gp", 2, False), marks=[pytest.mark.peers])
    + grouped(
        ("sn_cgan", 1, True),
        ("dcgan", 2, False),
        ("sn_cgan", 4, True),
        ("cyclegan", 4, True),
        marks=[pytest.mark.slow],
    ),
)
def test_calls_and_placement_change_nothing_to_the_bit(name, call, on_device, whole, tmp_path):
    run = whole(name)
    data = replace(run.data, on_device=on_device)
    train(replace(run, out=str(tmp_path / "other"), data=data, steps_per_call=call))
    assert losses(Path(run.out)) == losses(tmp_path / "other")
    assert_same_runs(Path(run.out), tmp_path / "other")


@pytest.mark.peers
def test_calls_of_several_steps_go_on_from_any_step(tmp_path, monkeypatch):
    every = {"log": Log(every=4), "checkpoint": Checkpoint(every=1), "sample": Sample(every=4)}
    run = small_run(ALGORITHMS["gan"], tmp_path / "whole", steps=11, **every)
    train(run)
    broken = replace(run, out=str(tmp_path / "broken"))
    crash(monkeypatch, broken, at=3)
    train(replace(broken, steps_per_call=4, checkpoint=Checkpoint(every=4)))
    assert_same_runs(tmp_path / "whole", tmp_path / "broken")


def test_records_of_a_resumed_run_have_no_gap_and_no_overlap(tmp_path, monkeypatch):
    run = small_run(ALGORITHMS["gan"], tmp_path, steps=12)
    crash(monkeypatch, run, at=7)
    train(run)
    steps = [record["step"] for record in losses(tmp_path)]
    assert steps == [3, 4, 6, 8, 9, 12]
    assert losses(tmp_path)[-1]["images"] == 12 * 8


def test_a_run_directory_holds_what_the_readme_says(tmp_path):
    train(small_run(ALGORITHMS["cgan"], tmp_path))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        ".lock", "checkpoints", "config.json", "losses.png", "metrics.jsonl", "samples",
        "samples.png", "tensorboard",
    }  # fmt: skip
    sheet = Image.open(tmp_path / "samples.png")
    assert sheet.height == 10 * 8 * 7 + 9 * 2  # a row a class, each pixel seven times
    assert sheet.width > sheet.height  # the names of the classes
    assert [p.name for p in (tmp_path / "samples").iterdir()] == ["00000008.png"]
    assert any((tmp_path / "tensorboard").iterdir())
    record = losses(tmp_path)[-1]
    expected = {"step", "images", "generator_loss", "discriminator_loss", "generator_grad_norm"}
    assert expected <= record.keys()
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["run"]["algorithm"]["generator"]["hidden"] == 8
    image = {"kind": "image", "shape": [8, 8, 1], "classes": 0, "stream": ""}
    label = {"kind": "label", "shape": [], "classes": 10, "stream": ""}
    features = {"image": image, "label": label}
    assert config["spec"] == {"features": features, "steps": 8, "first": 0, "horizon": 8}
    assert config["legs"] == [features]


def test_a_run_compiles_its_step_once(tmp_path, monkeypatch):
    traces = []
    run = small_run(ALGORITHMS["gan"], tmp_path, steps=5)

    def counted(algorithm):
        step = advance(algorithm)

        def traced(*args):
            traces.append(1)
            return step(*args)

        return traced

    monkeypatch.setattr("jaxgan.run.programs.advance", counted)
    train(run)
    assert len(traces) == 1


def test_a_finished_run_says_so_and_goes_on_with_more_steps(tmp_path):
    run = small_run(ALGORITHMS["gan"], tmp_path)
    train(run)
    with pytest.raises(InputError, match=r"steps: .*finished \(8 of 8 steps\)"):
        train(run)
    train(replace(run, steps=10))
    assert losses(tmp_path)[-1]["step"] == 10


def test_nan_stops_names_step_and_player_and_keeps_the_last_good_checkpoint(tmp_path):
    out = tmp_path / "run"
    wild = SGD(lr=1e4)
    algorithm = replace(ALGORITHMS["gan"], generator_optimizer=wild, discriminator_optimizer=wild)
    wild = small_run(algorithm, out, steps=100, checkpoint=Checkpoint(every=1), log=Log(every=100))
    match = r"step \d+: the parameters of (discriminator|generator).*not finite"
    with pytest.raises(InputError, match=match):
        train(wild)
    for leaf in final_state(out).values():
        assert np.isfinite(leaf).all()


def start_of(run):
    """Where a run would go on."""
    with contextlib.closing(Session(run, devices=Devices(1))) as session:
        return session.restore()


def test_a_truncated_newest_checkpoint_is_reported_and_the_one_before_used(tmp_path, capsys):
    run = small_run(ALGORITHMS["gan"], tmp_path)
    train(run)
    newest = tmp_path / "checkpoints" / "8"
    largest = max((p for p in newest.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    with largest.open("r+b") as file:
        file.truncate(largest.stat().st_size // 2)
    assert start_of(replace(run, steps=9)).step == 4
    assert "checkpoint 8 is unreadable" in capsys.readouterr().out
    assert (tmp_path / "unreadable-checkpoint-8").is_dir()


def test_no_readable_checkpoint_is_an_error_that_names_the_folder(tmp_path):
    run = small_run(ALGORITHMS["gan"], tmp_path, checkpoint=Checkpoint(every=8))
    train(run)
    for path in (tmp_path / "checkpoints" / "8").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    with pytest.raises(InputError, match=r"no checkpoint in .* can be read"):
        start_of(replace(run, steps=9))


def test_restored_arrays_are_those_that_were_saved(tmp_path):
    """Saved in the background while the next steps overwrite the donated state."""
    run = small_run(ALGORITHMS["gan"], tmp_path, steps=6)
    with contextlib.closing(Session(run, devices=Devices(1))) as session:
        start, copies = session.restore(), {}
        state = start.state
        for call in session.calls(0):
            state, _ = call(state, start.root)
            session.checkpoints.save(state, call.step)
            copies[call.step] = jax.device_get(state)
        session.checkpoints.wait()
        assert session.checkpoints.steps() == [4, 5, 6]
        restored = session.checkpoints.restore(lambda step: session.stages[0].abstract)
    jax.tree.map(np.testing.assert_array_equal, restored, copies[6])


def command(*args, **kwargs):
    env = {**os.environ, "XLA_FLAGS": XLA_FLAGS}
    return subprocess.Popen(
        [sys.executable, "-m", "jaxgan.train", *args],
        cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs,
    )  # fmt: skip


SMALL = (
    "--data.image_size", "8",
    "--algorithm.generator.features", "2", "--algorithm.discriminator.features", "2",
    "--data.batch_size", "8", "--log.every", "10", "--checkpoint.every", "100000",
)  # fmt: skip


def wait_for_steps(out, process):
    for _ in range(600):
        if process.poll() is not None:
            raise AssertionError(process.communicate())
        if read_records(out / "metrics.jsonl"):
            return
        time.sleep(0.2)
    raise AssertionError("no step in two minutes")


@pytest.mark.slow
def test_sigterm_saves_loses_no_step_and_the_same_command_goes_on(tmp_path):
    out = tmp_path / "run"
    process = command(*SMALL, "--steps", "1000000", "--out", str(out))
    wait_for_steps(out, process)
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, stderr
    assert "Traceback" not in stderr
    last = read_records(out / "metrics.jsonl")[-1]["step"]
    assert f"saved at step {last}" in stdout
    assert Checkpoints(out / "checkpoints").steps() == [last]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cgan_digits", "gan_digits", "dcgan_digits", "wgan_gp_mnist"])
def test_kill_9_loses_at_most_an_interval_and_resumes_to_the_bit(name, tmp_path):
    arguments = [
        f"configs/{name}.py", "--data.source", "digits", "--data.batch_size", "8",
        "--data.image_size", "8", "--log.every", "1", "--steps", "60",
    ]  # fmt: skip
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    once = command(*arguments, "--checkpoint.every", "60", "--out", str(whole))
    assert once.wait(300) == 0
    again = [*arguments, "--checkpoint.every", "7", "--out", str(killed)]
    process = command(*again)
    while len(read_records(killed / "metrics.jsonl")) < 20:
        time.sleep(0.02)
    process.kill()
    process.wait()
    reached = len(read_records(killed / "metrics.jsonl"))
    saved = Checkpoints(killed / "checkpoints").steps()[-1]
    assert reached - saved <= 14  # an interval, and the save that was in flight
    assert reached < 60
    assert command(*again).wait(300) == 0
    expected, found = final_state(whole), final_state(killed)
    assert expected.keys() == found.keys()
    for leaf, value in expected.items():
        np.testing.assert_array_equal(found[leaf], value, err_msg=leaf)
