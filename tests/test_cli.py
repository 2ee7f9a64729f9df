"""Fields by name, help, and what a dry run prints."""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
import tyro

import jaxgan
from jaxgan import __main__, cli, train
from jaxgan.errors import InputError
from jaxgan.run.configs import find_config, names, names_with
from tests.conftest import ROOT


def run(monkeypatch, capsys, *args):
    monkeypatch.setattr(sys, "argv", ["train", *args])
    with pytest.raises(SystemExit) as stop:
        cli.main(train.main)
    return stop.value.code, capsys.readouterr()


def test_every_field_can_be_named():
    args = [
        "--steps", "7", "--seed", "3", "--out", "x", "--data.source", "npz:x", "--data.image_size",
        "16", "--data.batch_size", "4", "--checkpoint.every", "5", "--checkpoint.keep", "2",
        "--sample.every", "6", "--log.every", "8", "--data.fold", "1", "5",
        "--algorithm.generator_optimizer.lr", "1e-4", "--algorithm.penalties.r1", "5",
        "--algorithm.generator.features", "9",
        "--algorithm.discriminator.norm", "layer", "--data.flip",
    ]  # fmt: skip
    run = cli.parse_training(args).run
    assert (run.steps, run.seed, run.out) == (7, 3, "x")
    assert (run.data.source, run.data.image_size, run.data.batch_size) == ("npz:x", 16, 4)
    assert (run.checkpoint.every, run.checkpoint.keep) == (5, 2)
    assert (run.sample.every, run.log.every) == (6, 8)
    assert run.data.fold == (1, 5)
    assert run.algorithm.generator_optimizer.lr == 1e-4
    assert run.algorithm.generator_optimizer.b1 == 0.5  # the default's
    assert run.algorithm.penalties.r1 == 5
    assert run.algorithm.generator.features == 9
    assert run.algorithm.generator.conditioning == "class_norm"  # as the config has it
    assert run.algorithm.discriminator.norm == "layer"
    assert run.data.flip is True


@pytest.mark.parametrize("no", ["--data.no_flip", "--data.no-flip"])
def test_booleans_are_flags_in_every_field(no):
    assert cli.parse_training(["cyclegan_maps"]).run.data.flip is True
    assert cli.parse_training(["cyclegan_maps", no]).run.data.flip is False
    assert cli.parse_training(["cyclegan_maps", "--algorithm.remat"]).run.algorithm.remat is True


@pytest.mark.parametrize(
    "args,line",
    [
        (
            ["--data.flip", "True"],
            "--data.flip: takes no True; write --data.flip, or --data.no_flip",
        ),
        (
            ["--data.flip=false"],
            "--data.flip: takes no false; write --data.flip, or --data.no_flip",
        ),
        (["--fresh", "True"], "--fresh: takes no True; write --fresh, or leave it out"),
        (
            ["--data", "digits"],
            "--data: is a group of fields, such as --data.NAME; --help lists them",
        ),
        (
            ["--algorithm", "WGAN"],
            "--algorithm: the config chooses the method, its nets and optimizers: name another"
            " config first (those with WGAN are wgan_gp_cifar10, wgan_gp_mnist, wgan_gp_ring,"
            " wgan_mnist) or a FILE.py of your own",
        ),
    ],
)
def test_what_no_field_takes_is_said_in_one_line(args, line):
    with pytest.raises(InputError) as error:
        cli.parse_training(args)
    assert str(error.value) == line


@pytest.mark.parametrize(
    "part,configs",
    [
        ("CGAN", ["biggan_cifar10", "cgan_digits", "cgan_mnist", "sagan_cifar10"]),  # it is called
        # A default that the config does not name.
        ("UNetGenerator", ["pix2pix_maps", "skip_ganomaly_digits"]),
        ("RMSprop", ["wgan_mnist"]),
        ("StyleGAN", []),
    ],
)
def test_configs_are_found_by_their_parts(part, configs):
    assert names_with(part) == configs


def test_a_part_that_no_config_has_names_all_configs():
    with pytest.raises(InputError, match=r"there are \w+, .*wgan_mnist\) or a FILE.py"):
        cli.parse_training(["--algorithm.generator", "StyleGAN"])


def whole(monkeypatch, capsys, *args):
    monkeypatch.setattr(sys, "argv", ["jaxgan", *args])
    with pytest.raises(SystemExit) as stop:
        __main__.main()
    return stop.value.code, capsys.readouterr()


def test_jaxgan_runs_its_commands(monkeypatch, capsys):
    code, printed = whole(monkeypatch, capsys)
    assert code == 0
    assert re.findall(r"^  (\w+) +[a-z]", printed.out, re.M) == list(__main__.COMMANDS)
    for name in __main__.COMMANDS:
        code, printed = whole(monkeypatch, capsys, name, "--help")
        assert code == 0
        assert printed.out.startswith(f"usage: jaxgan {name} ")
    code, printed = whole(monkeypatch, capsys, "trian")
    assert code == 2
    assert printed.err.startswith("error: command: there is no trian; did you mean train? use")


def test_the_version(monkeypatch, capsys):
    for entry in (whole, run):
        code, printed = entry(monkeypatch, capsys, "--version")
        assert (code, printed.out) == (0, f"jaxgan {jaxgan.__version__}\n")


def test_help_lists_the_fields_with_their_words(monkeypatch, capsys):
    code, printed = run(monkeypatch, capsys, "--help")
    text = re.sub(r"[│\s]+", " ", printed.out)
    assert code == 0
    assert "--algorithm.generator.features" in text
    assert "Steps between checkpoints" in text
    assert "Channels of the last hidden layer" in text
    assert "image_shape" not in text  # the builder's, not the user's
    assert "--fresh" in text
    assert "--dry-run" in text
    assert "Deletes what an earlier run left" in text


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
    path.write_text(
        "from jaxgan.run.configs import find_config\n"
        "def config():\n    return find_config('cgan_digits')\n"
    )
    assert find_config(path) == find_config("cgan_digits")
    with pytest.raises(InputError, match="config"):
        find_config(tmp_path)


def test_a_config_is_found_by_its_name(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert find_config("wgan_gp_mnist").name == "wgan_gp_mnist"
    assert set(names()) == {p.stem for p in (ROOT / "configs").glob("*.py")} - {"__init__"}
    message = r"config: there is no wgan_gp_mnst; did you mean wgan_gp_mnist\? .*cgan_digits, "
    with pytest.raises(InputError, match=message):
        find_config("wgan_gp_mnst")
    training = cli.parse_training(["gan_mnist", "--steps", "3", "--fresh"])
    assert (training.run.name, training.run.steps) == ("gan_mnist", 3)
    assert (training.fresh, training.dry_run) == (True, False)
    assert cli.parse_training(["--dry_run"]).run.name == "cgan_digits"


@dataclass(frozen=True)
class Adam:
    lr: float = 1e-3
    b1: float = 0.9


@dataclass(frozen=True)
class SGD:
    lr: float = 0.1
    momentum: float = 0.0

    def __post_init__(self):
        if self.lr <= 0:
            raise InputError(f"rule.lr: {self.lr} is not above 0")


@dataclass(frozen=True, kw_only=True)
class Command:
    """Does something."""

    place: Annotated[str, tyro.conf.Positional]
    files: Annotated[str, tyro.conf.arg(name="in")]
    rule: Adam | SGD = field(default_factory=SGD)
    fold: tuple[int, int] | None = None
    kind: Literal["one", "two"] = "one"
    ema: bool = True


def parsed(*args):
    return cli.parse(Command, None, args, "command")


def test_a_field_of_several_types_has_the_fields_of_its_default():
    command = parsed("x", "--in", "y", "--rule.momentum", "0.9", "--no-ema", "--fold", "2", "3")
    assert command == Command(place="x", files="y", rule=SGD(momentum=0.9), fold=(2, 3), ema=False)


@pytest.mark.parametrize(
    "args,line",
    [
        (["--in", "y"], "PLACE: is missing; --help says what it is"),
        (["x"], "--in: is missing; --help says what it is"),
        (["x", "z", "--in", "y"], "z: stands where no value is expected; leave it out"),
        (["x", "--in"], "--in: nothing is not a value"),
        (["x", "--in", "y", "--kind", "on"], "--kind: on is not one of one, two"),
        (
            ["x", "--in", "y", "--fold", "2"],
            "--fold: 2 is not a whole number and a whole number or None",
        ),
        (["x", "--in", "y", "--rule.lr", "-1"], "rule.lr: -1.0 is not above 0"),
        (
            ["x", "--in", "y", "--rule.b1", "1"],
            "--rule.b1: there is no such field; did you mean --rule.lr? --help lists all",
        ),
        (
            ["x", "--in", "y", "--fil=1"],
            "--fil: there is no such field; did you mean --fold? --help lists all",
        ),
    ],
)
def test_an_error_is_one_line(args, line, capsys):
    with pytest.raises(InputError) as error:
        parsed(*args)
    assert str(error.value) == line
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "args",
    [pytest.param(["--steps", "x"], marks=pytest.mark.slow), ["--stepz", "1"], ["nowhere.py"]],
)
def test_bad_input_does_not_start_the_devices(args):
    code = (
        "import atexit, sys; from jaxgan import cli, train; from jax._src import xla_bridge\n"
        "atexit.register(lambda: print(xla_bridge.backends_are_initialized()))\n"
        f"sys.argv[1:] = {args!r}; cli.main(train.main)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == "False\n"
    assert done.stderr.startswith("error: ")
