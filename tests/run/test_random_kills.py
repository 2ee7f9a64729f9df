"""kill -9 at random moments: the resumed run ends where the uninterrupted one does, to the bit.

``JAXGAN_KILLS`` says how many (50); ``pytest -m slow -s`` prints the table. Of a config's kills one
falls into the first second of the process, a third into its start and compilation, and the others
after a random step: every second one is saved, and every fourth evaluated. A call takes two steps.
"""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest

from jaxgan.run.checkpoint import saved_steps
from jaxgan.run.logging import read_records
from tests.conftest import ROOT
from tests.test_train import final_state

STEPS = 40
CLOCK = ("images_per_second", "warning")
COMMON = [
    "--steps", str(STEPS), "--log.every", "2", "--checkpoint.every", "2", "--sample.every", "20",
    "--data.image_size", "8", "--data.batch_size", "4", "--data.on_device",
]  # fmt: skip
EVALUATED = ["--evaluate.every", "4", "--evaluate.n", "128", "--evaluate.metrics", "fid"]
NARROW = [
    "--algorithm.generator.features", "2", "--algorithm.discriminator.features", "2",
]  # fmt: skip
CONFIGS = {
    "cgan_digits": [*NARROW, *EVALUATED],
    "wgan_gp_mnist": [
        "--data.source", "digits", "--algorithm.generator.features", "2",
        "--algorithm.critic.features", "2", "--algorithm.n_critic", "2", *EVALUATED,
    ],
    "cyclegan_photos": [
        *NARROW, "--algorithm.generator.blocks", "1", "--algorithm.discriminator.layers", "1",
    ],
    "progan_digits": [*NARROW, *EVALUATED],
}  # fmt: skip
FEATURES = """
def features(images):
    return images.reshape(len(images), -1)[:, :5] / 255
"""


def start(name, out, features):
    """A process that trains; all share one cache of compiled programs."""
    evaluated = ["--evaluate.features", str(features)] if "--evaluate.n" in CONFIGS[name] else []
    env = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    cache = {
        "XDG_CACHE_HOME": str(features.parent),
        "XLA_FLAGS": "--xla_backend_optimization_level=0",
    }
    command = [sys.executable, "-m", "jaxgan.train", name, *COMMON, *CONFIGS[name], *evaluated]
    with (features.parent / "output").open("w") as output:
        return subprocess.Popen(
            [*command, "--out", str(out)], cwd=ROOT, env={**env, **cache},
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip


def finish(name, out, features):
    """The seconds of a run that ends by itself."""
    since = time.monotonic()
    code = start(name, out, features).wait(600)
    assert code == 0, (features.parent / "output").read_text()[-2000:]
    return time.monotonic() - since


class Whole:
    """An uninterrupted run, and how long one takes once its programs are in the cache."""

    def __init__(self, name, folder):
        self.features = folder / "own.py"
        self.features.write_text(FEATURES)
        out = folder / name
        finish(name, out, self.features)
        self.seconds = finish(name, folder / f"{name}-again", self.features)
        self.state, self.values = final_state(out), values(out)


def values(out):
    """What was measured, without the clock and the words of a report since the start."""
    records = read_records(out / "metrics.jsonl")
    return [{k: v for k, v in r.items() if k not in CLOCK} for r in records]


def moment_of(i, seconds, rng):
    """``(step, seconds after it)`` of the i-th kill of a config."""
    if i == 0:
        return 0, round(rng.uniform(0, 1), 2)
    if i % 3 == 0:
        return 0, round(rng.uniform(1, seconds), 2)
    return rng.randrange(1, STEPS), round(rng.uniform(0, 0.1), 3)


def reached(out):
    """The last step in the records."""
    return max((record["step"] for record in read_records(out / "metrics.jsonl")), default=0)


def killed(name, whole, out, step, seconds):
    """Kills a run at a moment; says from which step it goes on, and whether its end is equal."""
    process = start(name, out, whole.features)
    while process.poll() is None and reached(out) < step:
        time.sleep(0.002)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    doing = what_it_did(name, out)
    steps = saved_steps(out / "checkpoints")
    resumed = steps[-1] if steps else 0
    if resumed < STEPS:  # else it was done before the kill
        finish(name, out, whole.features)
    found = final_state(out)
    equal = found.keys() == whole.state.keys()
    equal = equal and all(np.array_equal(found[k], v) for k, v in whole.state.items())
    return doing, resumed, equal and values(out) == whole.values


def what_it_did(name, out):
    """What a kill interrupted, by what it left."""
    if not (out / "config.json").is_file():
        return "before the config"
    if not reached(out):
        return "before the first step"
    last = read_records(out / "metrics.jsonl")[-1]
    measured = any(key.startswith("fid") for key in last)
    if "--evaluate.n" in CONFIGS[name] and last["step"] % 4 == 0 and not measured:
        return "in an evaluation"
    if any(out.glob("*/*.orbax-checkpoint-tmp*")):
        return "in a save"
    return "between saves"


@pytest.mark.slow
def test_every_resumed_run_ends_where_the_uninterrupted_one_does(tmp_path):
    kills = int(os.environ.get("JAXGAN_KILLS", "50"))
    rng = random.Random(12)
    wholes, rows = {}, []
    for i in range(kills):
        name = list(CONFIGS)[i % len(CONFIGS)]
        if name not in wholes:
            wholes[name] = Whole(name, pathlib.Path(tmp_path))
        moment = moment_of(i // len(CONFIGS), wholes[name].seconds, rng)
        row = killed(name, wholes[name], tmp_path / f"{name}-{i}", *moment)
        rows.append((name, f"step {moment[0]} + {moment[1]} s", *row))
        print(*rows[-1], sep="  ", flush=True)
    print("config  kills  equal  what was interrupted")
    for name in wholes:
        own = [row for row in rows if row[0] == name]
        doing = ", ".join(f"{what}: {n}" for what, n in Counter(row[2] for row in own).items())
        print(name, len(own), sum(row[4] for row in own), doing, sep="  ")
    assert [row for row in rows if not row[4]] == []
