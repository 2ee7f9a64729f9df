"""Fields by name, help, and what a dry run prints."""

import re
import sys

import pytest

from jaxgan import cli, default, train
from jaxgan.errors import InputError
from jaxgan.run import configs


def run(monkeypatch, capsys, *args):
    monkeypatch.setattr(sys, "argv", ["train", *args])
    with pytest.raises(SystemExit) as stop:
        cli.main(train.main)
    return stop.value.code, capsys.readouterr()


def test_every_field_can_be_named():
    args = [
        "--steps", "7", "--seed", "3", "--out", "x", "--data.source", "npz:x", "--data.image_size",
        "16", "--data.batch_size", "4", "--checkpoint.every", "5", "--checkpoint.keep", "2",
        "--sample.every", "6", "--log.every", "8", "--algorithm.learning_rate", "1e-4",
        "--algorithm.discriminator_learning_rate", "4e-4", "--algorithm.generator.features", "9",
        "--algorithm.discriminator.norm", "layer", "--data.flip", "True",
    ]  # fmt: skip
    run = cli.parse_run(default.config(), args, "train")
    assert (run.steps, run.seed, run.out) == (7, 3, "x")
    assert (run.data.source, run.data.image_size, run.data.batch_size) == ("npz:x", 16, 4)
    assert (run.checkpoint.every, run.checkpoint.keep) == (5, 2)
    assert (run.sample.every, run.log.every) == (6, 8)
    assert run.algorithm.learning_rate == 1e-4
    assert run.algorithm.discriminator_learning_rate == 4e-4
    assert run.algorithm.generator.features == 9
    assert run.algorithm.generator.conditioning == "class_norm"  # as the config has it
    assert run.algorithm.discriminator.norm == "layer"
    assert run.data.flip is True


def test_help_lists_the_fields_with_their_words(monkeypatch, capsys):
    code, printed = run(monkeypatch, capsys, "--help")
    text = re.sub(r"[│\s]+", " ", printed.out)
    assert code == 0
    assert "--algorithm.generator.features" in text
    assert "Steps between checkpoints" in text
    assert "Channels of the last hidden layer" in text
    assert "image_shape" not in text  # the builder's, not the user's


def test_dry_run_shows_config_parameters_memory_and_flops(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    args = ["--dry-run", "--data.image_size", "8", "--algorithm.generator.features", "2"]
    code, printed = run(monkeypatch, capsys, *args)
    assert code == 0
    assert "algorithm.generator.features = 2" in printed.out
    assert re.search(r"Dense_0/kernel +3,200 +\(100, 32\)", printed.out)
    assert re.search(r"one step: \d+\.\d+ GFLOP", printed.out)
    assert "MiB of work space" in printed.out
    assert list(tmp_path.iterdir()) == []


def test_a_config_file_is_code(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from jaxgan import default\nconfig = default.config\n")
    assert configs.load_config(path) == default.config()
    with pytest.raises(InputError, match="config"):
        configs.load_config(tmp_path)
