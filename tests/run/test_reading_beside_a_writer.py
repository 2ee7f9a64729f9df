"""Commands that read a run, in a loop beside the process that trains it: they change nothing.

``JAXGAN_SECONDS`` says how long (60).
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxgan.errors import InputError
from jaxgan.run.checkpoint import saved_steps
from jaxgan.run.opened import open_run
from tests.conftest import ROOT

TRAINING = [
    "--steps", "1000000", "--checkpoint.every", "1", "--log.every", "1", "--sample.every", "1000",
    "--data.image_size", "8", "--data.batch_size", "4", "--data.on_device",
    "--algorithm.generator.features", "2", "--algorithm.discriminator.features", "2",
]  # fmt: skip

SMALLER = {
    "cgan_digits": [],
    "cyclegan_photos": [
        "--algorithm.generator.blocks", "1", "--algorithm.discriminator.layers", "1",
    ],
}  # fmt: skip


def start(module, *args):
    env = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    return subprocess.Popen(
        [sys.executable, "-m", f"jaxgan.{module}", *map(str, args)],
        cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def wait_for_checkpoint(out, process):
    while not saved_steps(out / "checkpoints"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)


def foreign(out):
    """Whatever lies in the run that its trainer does not write: new names, and older files."""
    names = {
        ".lock", "config.json", "metrics.jsonl", "losses.png", "samples.png", "samples",
        "tensorboard", "checkpoints",
    }  # fmt: skip
    found = {path.name for path in out.iterdir() if not path.name.endswith(".part")}
    return found - names


def commands(name, out, folder):
    """What to start in turn."""
    (folder / "own.py").write_text("def features(images):\n    return images[:, 0, :5, 0] / 255\n")
    if name == "cgan_digits":
        yield "sample", out, "--n", 10, "--out", folder / "x.png"
        yield (
            "evaluate", out, "--n", 64, "--metrics", "fid", "--features", folder / "own.py",
        )  # fmt: skip
    else:
        image = np.zeros((8, 8, 3), np.uint8)
        (folder / "in").mkdir()
        Image.fromarray(image).save(folder / "in" / "a.png")
        yield (
            "apply", out, "--function", "ab", "--in", folder / "in", "--out", folder / "out",
        )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cgan_digits", "cyclegan_photos"])
def test_readers_touch_nothing_and_a_retry_cures_what_fails(name, tmp_path):
    out, seconds = tmp_path / "run", float(os.environ.get("JAXGAN_SECONDS", "60")) / 2
    trainer = start("train", name, *TRAINING, *SMALLER[name], "--out", out)
    try:
        wait_for_checkpoint(out, trainer)
        config = (out / "config.json").stat()
        first = saved_steps(out / "checkpoints")[-1]
        reads, opened, failed, lines = 0, 0, [], list(commands(name, out, tmp_path))
        end = time.monotonic() + seconds
        while time.monotonic() < end or reads < len(lines):
            line = lines[reads % len(lines)]
            process = start(*line)
            while process.poll() is None:  # in this process too, as often as it goes
                failed += in_process(out)
                opened += 1
            text = process.communicate()[0]
            if process.returncode:
                failed.append(text)
                again = start(*line)
                text = again.communicate()[0]
                assert again.returncode == 0, text
            assert "Traceback" not in text
            reads += 1
        assert trainer.poll() is None, trainer.communicate()
    finally:
        trainer.terminate()
        said = trainer.communicate()[0]
    steps = saved_steps(out / "checkpoints")
    print(
        f"{name}: {reads} commands and {opened} openings beside steps {first} to {steps[-1]};"
        f" cured by a retry: {len(failed)}"
    )
    assert trainer.returncode == 143, said
    assert "unreadable" not in said
    assert "was not saved" not in said
    assert len(steps) == 3
    assert foreign(out) == set()
    assert (out / "config.json").stat().st_mtime_ns == config.st_mtime_ns
    assert {p.name for p in (out / "checkpoints").iterdir()} == set(map(str, steps))


def in_process(out: Path) -> list[str]:
    """Opens the run once, and once more where that fails; the lines of what failed."""
    try:
        open_run(out)
    except InputError as error:
        open_run(out)
        return [str(error)]
    return []
