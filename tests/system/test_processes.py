"""Several processes on loopback: together they are one run."""

import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import jax
import numpy as np
import pytest
from PIL import Image

from jaxgan import cli, evaluate, train
from jaxgan.errors import InputError
from jaxgan.run.logging import read_records
from jaxgan.system import processes
from jaxgan.system.devices import Parallel
from jaxgan.system.processes import LOST
from tests.conftest import ROOT, XLA_FLAGS
from tests.run.test_checkpoint import truncate
from tests.test_train import final_state

SMOOTH = (  # Adam without it makes a whole step of a gradient that cancels but for rounding
    "--algorithm.generator_optimizer.eps", "1e-2",
    "--algorithm.discriminator_optimizer.eps", "1e-2",
)  # fmt: skip
DCGAN = (
    "configs/dcgan_digits.py", "--data.image_size", "8", *SMOOTH,
    "--algorithm.generator.features", "2", "--algorithm.discriminator.features", "2",
    "--algorithm.generator_optimizer.schedule", "constant",
    "--algorithm.discriminator_optimizer.schedule", "constant",
)  # fmt: skip
MEASURED = (
    "--evaluate.every", "2", "--evaluate.n", "70", "--evaluate.features", "{own}",
)  # fmt: skip
WGAN_GP = """
from tests.small import ALGORITHMS, small_run


def config():
    return small_run(ALGORITHMS["wgan_gp"], "")
"""
CYCLEGAN = (
    # A seed whose L1 losses have no pixel so near 0 that rounding turns its sign, and its gradient.
    "configs/cyclegan_photos.py", "--data.image_size", "32", "--data.source", "unpaired:{noise}",
    "--seed", "1",
    "--algorithm.generator.features", "4", "--algorithm.generator.blocks", "1",
    "--algorithm.generator.initializer", "glorot", "--algorithm.pool_size", "12",
    "--algorithm.discriminator.features", "4", "--algorithm.discriminator.initializer", "glorot",
)  # fmt: skip
FEATURES = """
def features(images):
    return images.reshape(len(images), -1)[:, ::97] / 255
"""

RUNS = {
    "dcgan": (*DCGAN, *MEASURED, "--data.on_device", "--checkpoint.every", "2"),
    "wgan_gp": ("{wgan_gp}",),
    "cyclegan": CYCLEGAN,
}
RUN = (
    "--data.batch_size", "8", "--log.every", "2", "--sample.every", "50", "--precision", "highest",
)  # fmt: skip


def launch(module, devices, *arguments):
    flags = f"--xla_force_host_platform_device_count={devices} {XLA_FLAGS}"
    env = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def launch_two(module, *arguments):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    meeting = ("--parallel.coordinator", address, "--parallel.processes", "2")
    return [launch(module, 2, *arguments, *meeting, "--parallel.process", i) for i in range(2)]


def start_two(arguments, out, *more):
    return launch_two("jaxgan.train", *arguments, *RUN, "--out", out, *more)


def train_alone(arguments, out, *more):
    """The same in this process, on its four devices."""
    assert train.main([*arguments, *RUN, "--out", str(out), *more]) == 0


def finish(processes):
    outputs = [process.communicate(timeout=900) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), outputs
    return outputs


def make_noise(root):
    """Two domains of noise: the rounding of a flat image grows in an instance norm."""
    rng = np.random.default_rng(0)
    for domain in ("trainA", "trainB"):
        (root / domain).mkdir(parents=True)
        for i in range(12):
            pixels = rng.integers(0, 256, (34, 34, 3), np.uint8)
            Image.fromarray(pixels).save(root / domain / f"{i}.png")
    return root


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """``(arguments, directory, outputs)`` of four steps that two processes took, by name."""

    @functools.cache
    def start(name):
        root = tmp_path_factory.mktemp(name)
        (root / "own.py").write_text(FEATURES)
        (root / "wgan_gp.py").write_text(WGAN_GP)
        make_noise(root / "noise")
        names = {"own": root / "own.py", "noise": root / "noise", "wgan_gp": root / "wgan_gp.py"}
        arguments = [text.format(**names) for text in RUNS[name]]
        return arguments, root / "two", finish(start_two(arguments, root / "two", "--steps", "4"))

    return start


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("dcgan", marks=[pytest.mark.xdist_group("two"), pytest.mark.peers]),
        pytest.param("wgan_gp", marks=pytest.mark.slow),
        pytest.param("cyclegan", marks=pytest.mark.slow),
    ],
)
def test_two_processes_of_two_devices_equal_one_of_four(name, together, tmp_path):
    arguments, two, outputs = together(name)
    train_alone(arguments, tmp_path, "--steps", "4")
    expected, found = final_state(tmp_path), final_state(two)
    assert expected.keys() == found.keys()
    for leaf, value in expected.items():
        np.testing.assert_allclose(found[leaf], value, atol=1e-5, rtol=1e-5, err_msg=leaf)
    records = read_records(two / "metrics.jsonl")
    assert [r["step"] for r in records] == [2, 4]
    for record, other in zip(records, read_records(tmp_path / "metrics.jsonl"), strict=True):
        own = {name: value for name, value in record.items() if "own" in name}
        assert own == pytest.approx({name: other[name] for name in own}, rel=1e-3)
        assert len(own) == ("--evaluate.every" in arguments)
    assert "samples.png" in outputs[0][0]
    assert "done" not in outputs[1][0]  # one process writes and speaks


@pytest.mark.slow
@pytest.mark.xdist_group("two")
def test_two_processes_set_one_damaged_checkpoint_aside_together(together, tmp_path):
    arguments, two, _ = together("dcgan")
    out = tmp_path / "run"
    shutil.copytree(two, out)
    truncate(out / "checkpoints", 4)
    said = finish(start_two(arguments, out, "--steps", "6"))
    assert "checkpoint 4 is unreadable" in said[0][0]
    assert "from step 2" in said[0][0]
    assert "unreadable" not in said[1][0]  # one process moves it and speaks
    assert (out / "unreadable-checkpoint-4").is_dir()
    assert read_records(out / "metrics.jsonl")[-1]["step"] == 6


@pytest.mark.slow
def test_two_processes_measure_what_one_does(tmp_path):
    rng = np.random.default_rng(0)
    for name, n in (("a", 150), ("b", 131)):
        np.savez(tmp_path / f"{name}.npz", images=rng.integers(0, 256, (n, 16, 16, 3), np.uint8))
    (tmp_path / "own.py").write_text(FEATURES)
    command = (
        "jaxgan.evaluate", f"npz:{tmp_path / 'a.npz'}", "--reference", f"npz:{tmp_path / 'b.npz'}",
        "--metrics", "fid,kid,pr,swd", "--features", tmp_path / "own.py",
    )  # fmt: skip
    together, alone = tmp_path / "two.json", tmp_path / "one.json"
    outputs = finish(launch_two(*command, "--out", together))
    evaluate.main([*map(str, command[1:]), "--out", str(alone)])
    assert "metrics" in outputs[0][0]
    assert "metrics" not in outputs[1][0]  # one process speaks
    found, expected = (json.loads(path.read_text()) for path in (together, alone))
    assert found["metrics"] == pytest.approx(expected["metrics"], rel=1e-5)
    assert found["images"] == expected["images"]
    assert found["devices"].startswith("4 x")


@pytest.mark.slow
def test_a_killed_process_ends_the_other_and_one_process_goes_on(tmp_path, capsys):
    long = ("--steps", "100000", "--checkpoint.every", "4")
    processes = start_two(DCGAN, tmp_path, *long)
    while not read_records(tmp_path / "metrics.jsonl")[8:]:
        assert all(process.poll() is None for process in processes), finish(processes)
        time.sleep(0.1)
    processes[1].send_signal(signal.SIGKILL)
    killed = time.monotonic()
    _, errors = processes[0].communicate(timeout=120)
    assert time.monotonic() - killed < 60
    if processes[0].returncode == LOST:  # else JAX's own thread was faster, and aborted
        last = errors.strip().splitlines()[-1]
        assert last.startswith("error: process 0 of 2 lost another one")
        assert "goes on from its last checkpoint" in last
    else:
        assert processes[0].returncode == -signal.SIGABRT
        assert errors.strip()
    processes[1].communicate()

    saved = max(
        int(path.name) for path in (tmp_path / "checkpoints").iterdir() if path.name.isdigit()
    )
    train_alone(DCGAN, tmp_path, "--steps", str(saved + 3), "--checkpoint.every", "4")
    assert f"from step {saved}" in capsys.readouterr().out
    assert read_records(tmp_path / "metrics.jsonl")[-1]["step"] == saved + 3


def test_several_processes_need_a_directory_that_they_share(monkeypatch):
    monkeypatch.setattr(jax.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    monkeypatch.setattr(sys, "argv", ["train", *DCGAN, "--steps", "4"])

    def leave(line, code):
        raise SystemExit(f"{code} {line}")

    monkeypatch.setattr(processes, "leave", leave)
    with pytest.raises(SystemExit, match="2 error: process 1: out: several processes"):
        cli.main(train.main)


@pytest.mark.parametrize(
    "fields,match",
    [
        ({"coordinator": "localhost:1"}, r"parallel\.coordinator: .* go together"),
        ({"coordinator": "localhost:1", "processes": 2, "process": 2}, r"parallel\.process: 2 is"),
        ({"compile": "pmap", "state": "sharded"}, r"parallel\.compile: pmap keeps"),
    ],
)
def test_bad_combinations_are_one_line(fields, match):
    with pytest.raises(InputError, match=match):
        Parallel(**fields)


@pytest.mark.parametrize(
    "environment,several",
    [
        ({}, False),
        ({"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4"}, False),  # sbatch without srun
        ({"SLURM_JOB_ID": "7", "SLURM_STEP_NUM_TASKS": "4"}, True),
        ({"OMPI_COMM_WORLD_SIZE": "2"}, True),
        ({"OMPI_COMM_WORLD_SIZE": "1"}, False),
    ],
)
def test_a_cluster_is_detected_where_it_started_several_processes(
    environment, several, monkeypatch
):
    for name in ("SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert processes._detected() is several
    assert processes.comes_first(processes.Processes())
    monkeypatch.setenv("SLURM_PROCID", "1")
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "1")
    assert processes.comes_first(processes.Processes()) is not several
    alone = processes.Processes(coordinator="x:1", processes=2, process=0)
    assert processes.comes_first(alone)


FRAGILE = """
from tests.run.test_rollback import fragile


def config():
    return fragile({out!r})
"""


@pytest.mark.slow
def test_two_processes_roll_back_together(tmp_path):
    outs = {name: tmp_path / name for name in ("one", "two")}
    for name, out in outs.items():
        (tmp_path / f"{name}.py").write_text(FRAGILE.format(out=str(out)))
    said = finish(start_two([str(tmp_path / "two.py")], outs["two"]))[0][0]
    assert "Rollback 1 of 3" in said
    train_alone([str(tmp_path / "one.py")], outs["one"])
    expected, found = final_state(outs["one"]), final_state(outs["two"])
    for leaf, value in expected.items():
        np.testing.assert_allclose(found[leaf], value, atol=1e-5, rtol=1e-5, err_msg=leaf)
        assert np.isfinite(value).all()
    for out in outs.values():
        assert (out / "rollbacks.json").read_text() == "1\n"
        assert [record["step"] for record in read_records(out / "metrics.jsonl")] == [
            2,
            4,
            6,
            8,
            10,
        ]
