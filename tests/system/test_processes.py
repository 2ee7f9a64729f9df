"""Several processes on loopback: together they are one run."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from jaxgan.errors import InputError
from jaxgan.run.logging import read_records
from jaxgan.system import processes
from jaxgan.system.devices import Parallel
from jaxgan.system.processes import LOST
from tests.conftest import ROOT
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
WGAN_GP = (
    "configs/wgan_gp_mnist.py", "--data.source", "digits", "--data.image_size", "16",
    "--algorithm.generator.features", "4", "--algorithm.critic.features", "4",
    "--algorithm.n_critic", "2",
)  # fmt: skip
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

RUN = (
    "--data.batch_size", "8", "--log.every", "2", "--sample.every", "50", "--precision", "highest",
)  # fmt: skip


def launch(module, devices, *arguments):
    flags = f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"
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


def start(arguments, out, devices, *more):
    return launch("jaxgan.train", devices, *arguments, *RUN, "--out", out, *more)


def start_two(arguments, out, *more):
    return launch_two("jaxgan.train", *arguments, *RUN, "--out", out, *more)


def finish(processes):
    outputs = [process.communicate(timeout=300) for process in processes]
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


@pytest.mark.parametrize(
    "arguments", [DCGAN + MEASURED, WGAN_GP, CYCLEGAN], ids=["dcgan", "wgan_gp", "cyclegan"]
)
def test_two_processes_of_two_devices_equal_one_of_four(arguments, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    (tmp_path / "own.py").write_text(FEATURES)
    names = {"noise": make_noise(tmp_path / "noise"), "own": tmp_path / "own.py"}
    arguments = [text.format(**names) for text in arguments]
    outputs = finish(start_two(arguments, two, "--steps", "4"))
    finish([start(arguments, one, 4, "--steps", "4")])
    expected, found = final_state(one), final_state(two)
    assert expected.keys() == found.keys()
    for leaf, value in expected.items():
        np.testing.assert_allclose(found[leaf], value, atol=1e-5, rtol=1e-5, err_msg=leaf)
    records = read_records(two / "metrics.jsonl")
    assert [r["step"] for r in records] == [2, 4]
    for record, other in zip(records, read_records(one / "metrics.jsonl"), strict=True):
        own = {name: value for name, value in record.items() if "own" in name}
        assert own == pytest.approx({name: other[name] for name in own}, rel=1e-3)
        assert len(own) == ("--evaluate.every" in arguments)
    assert "samples.png" in outputs[0][0]
    assert "done" not in outputs[1][0]  # one process writes and speaks


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
    finish([launch(command[0], 1, *command[1:], "--out", alone)])
    assert "metrics" in outputs[0][0]
    assert "metrics" not in outputs[1][0]  # one process speaks
    found, expected = (json.loads(path.read_text()) for path in (together, alone))
    assert found["metrics"] == pytest.approx(expected["metrics"], rel=1e-5)
    assert found["images"] == expected["images"]
    assert found["devices"].startswith("4 x")


def test_a_killed_process_ends_the_other_and_one_process_goes_on(tmp_path):
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
    alone = (*DCGAN, "--steps", str(saved + 3), "--checkpoint.every", "4")
    [(said, _)] = finish([start(alone, tmp_path, 1)])
    assert f"from step {saved}" in said
    assert read_records(tmp_path / "metrics.jsonl")[-1]["step"] == saved + 3


def test_two_processes_set_one_damaged_checkpoint_aside_together(tmp_path):
    run = (*DCGAN, "--data.on_device", "--checkpoint.every", "2")
    finish(start_two(run, tmp_path, "--steps", "4"))
    truncate(tmp_path / "checkpoints", 4)
    said = finish(start_two(run, tmp_path, "--steps", "6"))
    assert "checkpoint 4 is unreadable" in said[0][0]
    assert "from step 2" in said[0][0]
    assert "unreadable" not in said[1][0]  # one process moves it and speaks
    assert (tmp_path / "unreadable-checkpoint-4").is_dir()
    assert read_records(tmp_path / "metrics.jsonl")[-1]["step"] == 6


def test_several_processes_need_a_directory_that_they_share(tmp_path):
    processes = start_two(DCGAN, "", "--steps", "4")
    for i, process in enumerate(processes):
        _, errors = process.communicate(timeout=120)
        if process.returncode == 2:
            assert f"process {i}: out: several processes" in errors
        else:  # the other one was faster to leave
            assert process.returncode in (LOST, -signal.SIGABRT)


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
    finish([start([str(tmp_path / "one.py")], outs["one"], 4)])
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
