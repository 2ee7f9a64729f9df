"""The first lines of a run, and what is imported before them."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from jaxgan import cli
from jaxgan.run import programs
from jaxgan.run.config import summary
from jaxgan.run.session import Session
from jaxgan.train import train
from tests.conftest import ROOT
from tests.small import ALGORITHMS, small_run

RECORD = """
import io, json, sys

HEAVY = ["tensorflow", "sklearn", "orbax", "tensorboardX"]
events = []

def note_imports():
    events.extend(name for name in HEAVY if name in sys.modules and name not in events)

class Lines(io.StringIO):
    def write(self, text):
        note_imports()
        events.extend(line for line in text.splitlines() if line.strip())
        return len(text)

printed, sys.stdout = sys.stdout, Lines()
from jaxgan import train
train.main(sys.argv[1:])
note_imports()
json.dump(events, printed)
"""
SMALL = ["gan_digits", "--data.image_size=8", "--steps=3"]


def events(*args):
    flags = {**os.environ, "XLA_FLAGS": "--xla_backend_optimization_level=0"}  # one device
    command = [sys.executable, "-c", RECORD, *SMALL, *args]
    done = subprocess.run(command, cwd=ROOT, env=flags, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.peers
def test_a_run_of_digits_speaks_before_heavy_imports_and_needs_no_tensorflow(tmp_path):
    found = events("--out", str(tmp_path / "run"))
    assert found[0] == "training gan_digits: GAN on digits, batch size 128, 3 steps"
    assert not {"tensorflow", "sklearn"} & {*found}
    order = ["orbax", "data: digits", "compiling the step for cpu", "compiled the step in"]
    places = [[event.startswith(start) for event in found].index(True) for start in order]
    assert places == sorted(places)


def test_the_default_run_is_one_of_digits():
    run = cli.parse_training([]).run
    expected = "training cgan_digits: conditional GAN on digits, batch size 64, 3,000 steps"
    assert summary(run) == expected


def test_what_the_batches_need_is_imported_before_the_bar_is_drawn(tmp_path, monkeypatch):
    found, logger = [], Session.logger
    monkeypatch.setattr(programs, "prepare", lambda dataset: found.append("batches"))
    monkeypatch.setattr(Session, "logger", lambda *args: found.append("bar") or logger(*args))
    run = small_run(ALGORITHMS["gan"], tmp_path / "run", steps=1)
    train(run)
    train(replace(run, steps=2))  # goes on, without a first batch for new weights
    assert found == ["batches", "bar"] * 2
