"""Bad input is one line that names the field, and exit code 2; nothing is lost."""

import json
import resource
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from jaxgan import apply, cli, sample, train
from jaxgan.errors import InputError
from jaxgan.run import config, directory
from jaxgan.run.checkpoint import Checkpoints
from jaxgan.run.configs import find_config
from jaxgan.run.logging import read_records
from jaxgan.system.devices import Devices
from jaxgan.train import train as run_training
from tests.small import ALGORITHMS, small_run

TINY = [
    "--data.image_size", "8", "--data.batch_size", "8", "--steps", "2",
    "--algorithm.generator.features", "2", "--algorithm.discriminator.features", "2",
]  # fmt: skip


def error_of(capsys, monkeypatch, command, *args):
    """What the command prints on stderr, when it ends with exit code 2 and no traceback."""
    monkeypatch.setattr(sys, "argv", ["jaxgan", *map(str, args)])
    with pytest.raises(SystemExit) as stop:
        cli.main(command.main)
    err = capsys.readouterr().err
    assert stop.value.code == 2, err
    assert "Traceback" not in err
    line = err.strip().splitlines()[-1]
    assert line.startswith("error: "), err
    return line


@pytest.fixture
def fails(capsys, monkeypatch):
    def fails(*args, command=train):
        return error_of(capsys, monkeypatch, command, *args)

    return fails


def png(path, size=8):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((size, size, 3), np.uint8)).save(path)


@pytest.mark.parametrize(
    "args,words",
    [
        (["--data.batch_siz", "8"], ["--data.batch_siz", "did you mean --data.batch_size"]),
        (["--algorithm.generater.features", "8"], ["--algorithm.generator.features"]),
        (["--algorithm.r1", "8"], ["did you mean --algorithm.penalties.r1?"]),
        (["--steps", "many"], ["--steps", "many"]),
        (["--algorithm.objective", "hing"], ["--algorithm.objective", "hinge"]),
        (["--steps", "0"], ["steps: 0"]),
        (["--checkpoint.every", "0"], ["checkpoint.every: 0"]),
        (["--data.image_size", "30"], ["data.image_size", "30", "32"]),
        (["--data.batch_size", "5000"], ["data.batch_size: 5000", "1797"]),
        (["--data.batch_size", "66"], ["data.batch_size: 66", "4 devices", "64 or 68"]),
        (["--data.source", "digitz"], ["data.source", "digits"]),
        (["--data.source", "folder:nowhere"], ["data.source", "nowhere"]),
        (["--data.source", "photos"], ["data.source", "a and b", "learns from image"]),
        (["--data.source", "paired:x,y", "--data.split", "test"], ["data.split", "'test'"]),
        (
            ["--algorithm.penalties.r1", "1", "--algorithm.discriminator.norm", "batch"],
            ["discriminator.norm"],
        ),
        (["nowhere.py"], ["nowhere.py"]),
        (["cgan_digit"], ["config: ", "did you mean cgan_digits?", "wgan_mnist"]),
    ],
)
def test_a_wrong_field_is_named(args, words, fails, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = fails(*args)
    for word in words:
        assert word in line, line
    assert list(tmp_path.iterdir()) == []  # nothing was begun


def test_an_empty_folder(fails, tmp_path):
    assert str(tmp_path) in fails(*TINY, "--data.source", f"folder:{tmp_path}")


def test_too_many_unreadable_images_name_a_file(fails, tmp_path):
    for i in range(12):
        png(tmp_path / "data" / "a" / f"{i}.png")
        png(tmp_path / "data" / "b" / f"{i}.png")
    for i in range(12):
        path = tmp_path / "data" / "a" / f"{i}.png"
        path.write_bytes(path.read_bytes()[:40])
    line = fails(*TINY, "--data.source", f"folder:{tmp_path / 'data'}", "--out", tmp_path / "run")
    assert ".png" in line
    assert "max_unreadable" in line


def test_an_idx_file_cut_short(fails, tmp_path):
    header = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (10, 8, 8))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(header + bytes(100))
    assert "train-images-idx3-ubyte" in fails(*TINY, "--data.source", f"idx:{tmp_path}")


def test_an_npz_of_objects_is_never_unpickled(fails, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    np.savez(tmp_path / "x.npz", images=np.asarray([Trap()], object))
    assert "x.npz" in fails(*TINY, "--data.source", f"npz:{tmp_path / 'x.npz'}")
    assert not (tmp_path / "executed").exists()


def test_a_config_without_a_run(fails, tmp_path):
    (tmp_path / "c.py").write_text("x = 1\n")
    assert "config()" in fails(tmp_path / "c.py")


def test_a_run_directory_of_another_config_says_what_differs_and_is_left_alone(fails, tmp_path):
    out = tmp_path / "run"
    run_training(small_run(ALGORITHMS["cgan"], out))
    before = sorted(p.name for p in out.rglob("*"))
    line = fails(*TINY, "--out", out, "--algorithm.generator_optimizer.lr", "0.5")
    assert "algorithm.generator_optimizer.lr was 0.0002 and is now 0.5" in line
    assert sorted(p.name for p in out.rglob("*")) == before


def test_fresh_refuses_what_is_no_run_and_deletes_only_what_a_run_made(fails, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    assert "not a run directory" in fails(*TINY, "--fresh", "--out", precious)
    assert (precious / "thesis.txt").read_text() == "years of work"
    out = tmp_path / "run"
    run = small_run(ALGORITHMS["gan"], out)
    run_training(run)
    (out / "notes.txt").write_text("mine")
    run_training(run, fresh=True)
    assert (out / "notes.txt").read_text() == "mine"
    assert read_records(out / "metrics.jsonl")[0]["step"] == 3


def test_a_folder_of_other_files_is_not_written_into(fails, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    assert "not a run directory" in fails(*TINY, "--out", tmp_path)
    (tmp_path / "config.json").write_text('{"somebody": "else"}')
    assert "not made by jaxgan" in fails(*TINY, "--out", tmp_path)


def test_a_strangers_config_executes_nothing():
    with pytest.raises(InputError, match="os"):
        config.decode({"type": "os.system", "command": "true"})
    with pytest.raises(InputError, match=r"GAN.*colour"):
        config.decode({"type": "GAN", "colour": 3})


@pytest.mark.slow
def test_a_full_disk_at_a_checkpoint_is_reported_and_the_run_goes_on(tmp_path, capsys, monkeypatch):
    """A file size limit stands for the disk: the state no longer fits, small files do."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_the_disk(self, state, step, save=Checkpoints.save):
        if step == 8:
            self.wait()
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
        save(self, state, step)

    monkeypatch.setattr(Checkpoints, "save", fill_the_disk)
    gan = find_config("cgan_digits").algorithm
    gan = replace(gan, generator=gan.generator.clone(features=8))
    run = small_run(gan, tmp_path, steps=12)
    try:
        with pytest.raises(InputError, match=r"step 12, could not be saved.*from step 4"):
            run_training(run, devices=Devices(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    said = capsys.readouterr()
    assert "checkpoint at step 8 was not saved" in said.out + said.err
    assert Checkpoints(tmp_path / "checkpoints").steps() == [4]
    monkeypatch.undo()
    assert run_training(run, devices=Devices(1)) == 0  # goes on from there when there is room
    assert Checkpoints(tmp_path / "checkpoints").steps() == [4, 8, 12]


def test_sample_names_what_is_wrong(fails, tmp_path):
    out = tmp_path / "run"
    run_training(small_run(ALGORITHMS["cgan"], out))
    assert "label: 10" in fails(out, "--out", "x.png", "--label", "10", command=sample)
    assert "n: 0" in fails(out, "--out", "x.png", "--n", "0", command=sample)
    assert ".png, .npz or .csv" in fails(out, "--out", "x.gif", command=sample)
    assert "not a run" in fails(tmp_path, "--out", "x.png", command=sample)
    line = fails(out, "--in", tmp_path, "--out", "x", command=apply)
    assert "run: it maps nothing" in line
    assert "jaxgan.sample" in line
    content = json.loads((out / "config.json").read_text())
    content["run"]["algorithm"]["generator"]["type"] = "MyNet"
    (out / "config.json").write_text(json.dumps(content))
    assert "--config" in fails(out, "--out", "x.png", command=sample)
    assert directory.read(out)["run"]["algorithm"]["generator"]["type"] == "MyNet"
