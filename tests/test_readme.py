"""The code of README and docs/ runs; so does every command in them, in a short form."""

import importlib
import os
import re
import shlex
import shutil
import sys
import types
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from PIL import Image

import jaxgan
from jaxgan import Aux, Player, TrainState
from jaxgan.data.sources import opening
from jaxgan.run import describe, loop, session
from jaxgan.system import processes
from jaxgan.system.devices import Devices
from tests.conftest import ROOT
from tests.small import STYLE_WEIGHTS

README = (ROOT / "README.md").read_text()


def code(page):
    """The one block of Python of a page."""
    [block] = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.S)
    return block


GAN, METRICS = code("docs/functions.md"), code("docs/metrics.md")


def test_the_idea_is_a_step():
    def loss(given, batch, key):
        a, b = (given.variables[name]["params"] for name in ("critic", "generator"))
        return jnp.mean((a - batch) ** 2) + (a - b) ** 2, Aux()

    sgd = optax.sgd(0.1)
    names = {**vars(jaxgan), "critic_loss": loss, "generator_loss": loss, "adam": sgd}
    exec(code("README.md"), names)
    players = {n: Player.create({"params": jnp.zeros(())}, sgd) for n in ("critic", "generator")}
    state = TrainState.create(players)
    state, _ = jax.jit(names["step"])(state, jnp.ones((5, 4)), jax.random.key(0))
    critic, generator = (state.players[name].variables["params"] for name in players)
    assert critic == pytest.approx(0.5 * (1 - 0.6**5))  # a <- a - 0.2 (a - 1) - 0.2 a, five times
    assert generator == pytest.approx(0.2 * critic)


def test_the_recipe_for_ray_trains(monkeypatch):
    def trainer(work, train_loop_config, **settings):
        return types.SimpleNamespace(fit=lambda: work(train_loop_config))

    record = lambda **fields: fields  # noqa: E731
    classes = dict.fromkeys(("FailureConfig", "RunConfig", "ScalingConfig"), record)
    monkeypatch.setitem(sys.modules, "ray.train", types.SimpleNamespace(**classes))
    monkeypatch.setitem(sys.modules, "ray.train.v2.jax", types.SimpleNamespace(JaxTrainer=trainer))
    ran = []
    monkeypatch.setattr(jaxgan.train, "main", ran.append)
    exec(code("docs/devices.md"), {})
    assert ran == [["CONFIG", "--out", "/runs/mine"]]


@pytest.mark.peers
def test_the_gan_of_your_own_learns_the_circle():
    assert sum(bool(line.strip()) for line in GAN.splitlines()) <= 45
    names = {}
    with jax.numpy_rank_promotion("allow"):  # flax's Dense adds its bias by promotion
        exec(GAN, names)
    state = names["state"]
    variables = {name: player.variables for name, player in state.players.items()}
    points = np.asarray(names["fakes"](variables, jax.random.key(7)))
    radius = np.linalg.norm(points, axis=1)
    assert abs(np.median(radius) - 1) < 0.15
    assert np.linalg.norm(points.mean(0)) < 0.4  # all around, not in one place


@pytest.mark.peers
def test_the_metrics_of_your_own_code_are_printed(capsys):
    exec(METRICS, {})
    distance, rest = capsys.readouterr().out.split("\n", 1)
    assert float(distance) == pytest.approx(1.68, abs=0.2)  # .64, and 64 65 / 4,000 of bias
    assert len(re.findall(r"\d\.\d+", rest)) == 4


def test_the_readme_and_the_page_of_methods_name_every_config():
    configs = {path.stem for path in (ROOT / "configs").glob("*.py")} - {"__init__"}
    ends = "|".join({name.rpartition("_")[2] for name in configs})
    for text in (README, (ROOT / "docs" / "methods.md").read_text()):
        listed = set(re.findall(rf"`([a-z0-9_]+_(?:{ends}))`", text)) - {"digits_on_photos"}
        assert listed == configs


def test_the_two_commands_are_there():
    assert "pip install -e . && python -m jaxgan.train\n" in README
    assert "pip install -e '.[test]' && python -m pytest\n" in README


# Every command of a fenced block, in a short form.

SMALL = "--data.image_size 8 --data.batch_size 8"
NETS = "--algorithm.generator.features 1 --algorithm.discriminator.features 1"
CRITIC = (
    "--algorithm.generator.features 1 --algorithm.critic.features 1 --algorithm.n_critic 1"
    " --algorithm.penalties.gradient_penalty 0 --algorithm.clip 0.01"
)
LAYERS = "--algorithm.generator.blocks 1 --algorithm.discriminator.layers 1"
CYCLE = f"{LAYERS} --algorithm.identity 0 --algorithm.pool_size 0"
OWN = "--features own.py --n 16"
UNET = (
    "--data.image_size 8 --data.batch_size 4 --algorithm.net.features 1 --algorithm.net.depth 1"
    " --steps 1 --evaluate.every 0"
)
VAE = f"{SMALL} --steps 2 --algorithm.hidden 4"
DENSE = f"{SMALL} --algorithm.encoder.hidden 4 --algorithm.decoder.hidden 4"
CONV = f"{SMALL} --algorithm.encoder.features 1 --algorithm.decoder.features 1"

SHORT = {
    "train": "",
    "train wgan_gp_mnist --algorithm.generator_optimizer.lr 2e-4 --out runs/mine": (
        f"--data.image_size 16 --data.batch_size 8 {CRITIC} --data.source npz:FILE --steps 1"
        " --evaluate.every 1 --evaluate.features own.py --evaluate.n 16"
    ),
    "train mine.py": "",
    "train --help": "",
    "train --dry-run": f"{SMALL} {NETS} --algorithm.discriminator.norm none",
    "train CONFIG --evaluate.every 1000 --evaluate.n 10000 --evaluate.metrics fid,kid": (
        "--evaluate.features own.py"
    ),
    "train dcgan_64 --data.source folder:PATH": SMALL,
    "train cgan_mnist --data.source idx:PATH": SMALL,
    "train --data.source npz:FILE": SMALL,
    "train mine.py --data.source folder:FOLDER --init_from runs/mine --freeze discriminator:3": (
        "--data.batch_size 8 --freeze discriminator:2"  # the short form has two dense layers
    ),
    "train mine.py --algorithm.augment.policy colour translation cutout": "",
    "train gan_mnist --data.source tfds:mnist --data.tfds_dir PATH": "",
    "train cyclegan_maps --data.source unpaired:PATH_A,PATH_B": "",
    "train cyclegan_maps --data.source unpaired:ROOT": "",
    "train pix2pix_maps --data.source paired:PATH_A,PATH_B": "",
    "train pix2pix_maps --data.source paired:ROOT": "",
    "train cyclegan_photos --out runs/photos": (f"{SMALL} {NETS} {CYCLE} --steps 1"),
    "train CONFIG --out DIR --parallel.coordinator HOST:PORT --parallel.processes 2"
    " --parallel.process 0": "",
    "train CONFIG --out DIR": "",
    "train CONFIG --out DIR --parallel.coordinator $FIRST:55527 --parallel.processes"
    " $SKYPILOT_NUM_NODES --parallel.process $SKYPILOT_NODE_RANK": "",
    "train mine.py --averages.every 1000 --out runs/wide": f"{SMALL} --steps 2",
    "average runs/wide --width 0.05 --out runs/narrow": "",
    "train oversampling_digits --out runs/rare": f"{SMALL} {NETS} --steps 1",
    "sample runs/rare --balance training --out more": "",
    "train gan_digits --population 8 --out runs/seeds": f"{SMALL} --steps 1 --population 2",
    "train gan_digits --sweep algorithm.generator_optimizer.lr=3e-4,1e-3 --out runs/rates": (
        f"{SMALL} --steps 1"
    ),
    "sample runs/seeds --member 3 --out member.png": "--member 1",
    "evaluate runs/seeds --member 3": f"{OWN} --member 1",
    "sample runs/mine --n 100 --out samples.png": "",
    "sample runs/mine --n 50000 --out samples.npz": "--n 100",
    "sample runs/mine --best --out samples.png": "",
    "apply runs/photos --function ab --in FOLDER --out OTHER --sheet": "",
    "latent runs/mine interpolate --seeds 1 2 3 --out path.gif": "--frames 2",
    "latent runs/mine interpolate --seeds 1 2 3 4 --frames 10 --out path.png": "--frames 2",
    "latent runs/mine directions --method sefa --seed 0 --save sefa.npz --out directions.png": "",
    "latent runs/mine attribute --having 3 8 --lacking 1 4 --name bold --save bold.npz --out"
    " bold.png": "",
    "latent runs/mine attribute --direction sefa.npz --index 1 --seeds 0 1 2 3 --out"
    " attribute.png": "--seeds 0",
    "latent runs/mine project --image FOLDER/0.png --save code.npz --out projection.png": (
        "--steps 2 --starts 1 --tried 64"
    ),
    "latent runs/mine truncate --at 2 1 0.7 0.4 0 --out truncation.png": "",
    "evaluate runs/mine --metrics fid,kid,pr": OWN,
    "evaluate runs/mine --metrics fid,kid,is,pr,dc,swd --n 50000": (
        f"{OWN} --metrics fid,kid,pr,dc,swd"  # without is: own.py does not classify
    ),
    "evaluate runs/mine --reference stats.npz": OWN,
    "evaluate FOLDER --reference OTHER": OWN,
    "evaluate FOLDER --save_statistics stats.npz": OWN,
    "train afm_ring --out runs/afm": (
        "--data.batch_size 1250 --steps 1 --steps_per_call 1 --evaluate.every 0"
    ),
    "train afm_ring --data.source points:line": "",
    "train edsr_photos --out runs/edsr": (
        "--data.batch_size 8 --data.image_size 8 --algorithm.generator.blocks 1 --steps 1"
        " --evaluate.every 0"
    ),
    "apply runs/edsr --function upscale --in FOLDER --out OTHER --sheet": "",
    "train edsr_t91 --data.source folder:PATH --data.image_size 48": "--data.image_size 8",
    "train srgan_photos --algorithm.content.weights VGG19.npz": "--algorithm.content.layer relu1_1",
    "sample runs/afm --n 1000 --out points.csv": "",
    "evaluate runs/afm": "",
    "train examples/vae.py --out runs/vae": VAE,
    "sample runs/vae --config examples/vae.py --out samples.png": "",
    "apply runs/vae --config examples/vae.py --function reconstruct --in FOLDER --out OTHER": "",
    "apply runs/vae --config examples/vae.py --function encode --in FOLDER --out codes.npz": "",
    "evaluate runs/vae --config examples/vae.py": OWN,
    "style --content CONTENT.png --style STYLE.png --weights vgg19.npz --out painted.png": (
        "--size 16 --steps 1"
    ),
    "train fast_style_photos --algorithm.weights vgg19.npz --out runs/painter": (
        "--data.image_size 16 --data.batch_size 2 --algorithm.generator.features 1"
        " --algorithm.generator.blocks 1 --algorithm.style_size 16 --steps 1"
    ),
    "apply runs/painter --function stylize --in FOLDER --out OTHER": "",
    "train unet_digits --out runs/digits": UNET,
    "evaluate runs/digits": "",
    "apply runs/digits --in FOLDER --out masks --sheet": "",
    "train unet_membrane --data.source masks:IMAGES,MASKS --data.fold 1 5 --out runs/cells": (
        f"{UNET} --data.crop 0"
    ),
    "apply runs/cells --in FOLDER --out masks --tile 256": "",
    "train autoencoder_digits --out runs/codes": f"{DENSE} --steps 2 --evaluate.every 0",
    "train autoencoder_digits --data.source folder:FOLDER": DENSE,
    "apply runs/codes --function reconstruct --in FOLDER --out OTHER": "",
    "apply runs/codes --function encode --in FOLDER --out codes.npz": "",
    "apply runs/codes --function decode --in codes.npz --out OTHER": "",
    "search runs/codes --index FOLDER --query FOLDER/0.png --k 8 --out similar.png": "",
    "train denoise_digits --out runs/denoise": f"{CONV} --steps 2 --evaluate.every 0",
    "train denoise_digits --algorithm.noise.kind jpeg --algorithm.noise.quality 5": CONV,
    "train colour_photos --out runs/colour": (f"{CONV} --data.crop 8 --steps 2 --evaluate.every 0"),
    "apply runs/denoise --function restore --in FOLDER --out OTHER --sheet": "",
    "train vae_digits --out runs/plane": f"{DENSE} --steps 2 --evaluate.every 0",
    "train vae_mnist --out runs/mnist": f"{DENSE} --data.source npz:FILE --steps 2"
    " --evaluate.every 0",
    "train vae_mnist --algorithm.binarize static --algorithm.binarize_seed 0": "",
    "train iwae_mnist": "",
    "sample runs/plane --n 100 --out samples.png": "",
    "latent runs/plane interpolate --seeds 1 2 3 --out path.png": "--frames 2",
    "train anomaly_digits --out runs/anomaly": "--steps 2 --evaluate.every 2",
    "evaluate runs/anomaly": "",
    "apply runs/anomaly --in FOLDER --out scores.csv": "",
    "train ganomaly_mnist --data.source idx:PATH --data.normal 0 1 2 3 4 5 6 7 8": (
        "--data.batch_size 8 --algorithm.encoder.features 1 --algorithm.decoder.features 1"
        " --algorithm.discriminator.features 1"
    ),
    "train anomaly_digits --data.source folder:NORMAL --data.normal": SMALL,
    "train anomaly_table --data.source table:FILE.csv --data.target COLUMN --data.normal CLASS"
    " --data.keep": "--data.batch_size 4",
    "train gan_mnist": "",
    "train gan_digits": "",
    "train dcgan_mnist": "",
    "train dcgan_digits": "",
    "train wgan_mnist --steps 1500": "",
    "train wgan_gp_mnist --steps 1500": "",
    "train progan_mnist": "",
    "train progan_digits": "",
    "train sgan_mnist": "",
    "train sgan_mnist --algorithm.no_unlabelled": "",
    "train sgan_digits": "",
    "train cgan_mnist": "",
    "train cgan_digits": "",
    "train cyclegan_book --data.source unpaired:PATH_A,PATH_B": "",
    "train r3gan_digits": "",
    "train stylegan2_digits --out runs/styles": (
        "--data.image_size 8 --data.batch_size 8 --algorithm.generator.channel_max 4"
        " --algorithm.discriminator.channel_max 4 --steps 1 --algorithm.path_length 0"
        " --algorithm.r1 0 --algorithm.augment.transforms blit"
    ),
    "latent runs/styles mix --rows 11 12 13 14 --columns 21 22 23 24 25 26 --out mix.png": (
        "--rows 1 --columns 2"
    ),
}


def commands():
    """The commands in fenced blocks, as ``train ...``, without comments."""
    texts = [README, *(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))]
    found, fenced = [], False
    for line in "\n".join(texts).splitlines():
        if line.startswith("```"):
            fenced = not fenced
        command = re.search(r"(?:python -m jaxgan[. ]|^jaxgan )([^#]*)", line)
        if fenced and command:
            found.append(" ".join(command[1].split()))
    return found


def test_every_command_has_a_short_form():
    assert set(SHORT) == {*commands()}


def write_images(folder, count=16, shape=(8, 8, 3)):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        pixels = np.random.default_rng(i).integers(0, 256, shape, np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    path.write_bytes(header + array.tobytes())


def write_place(place):
    """Files for the names in capitals, a config and features of one's own."""
    for folder in ("FOLDER", "OTHER", "PATH_A", "PATH_B", "ROOT/trainA", "ROOT/trainB"):
        write_images(place / folder)
    write_images(place / "IMAGES")
    write_images(place / "NORMAL")
    lines = [f"{i}.5,{i % 3}.5,{'CLASS' if i % 5 else 'rare'}" for i in range(40)]
    (place / "FILE.csv").write_text("\n".join(["a,b,COLUMN", *lines]) + "\n")
    for i in range(16):
        (place / "MASKS").mkdir(exist_ok=True)
        Image.fromarray(np.eye(8, dtype=np.uint8)).save(place / "MASKS" / f"{i}.png")
    write_images(place / "ROOT", shape=(8, 16, 3))
    write_images(place / "PATH" / "one")
    images, labels = np.zeros((100, 8, 8), np.uint8), np.arange(100, dtype=np.uint8) % 10
    write_idx(place / "PATH" / "train-images-idx3-ubyte", images)
    write_idx(place / "PATH" / "train-labels-idx1-ubyte", labels)
    with open(place / "FILE", "wb") as file:
        np.savez(file, images=images[..., None], labels=labels)
    shutil.copy(ROOT / "configs" / "gan_digits.py", place / "mine.py")
    layer = {
        "conv1_1/w": np.zeros((64, 3, 3, 3), np.float32),
        "conv1_1/b": np.zeros(64, np.float32),
    }
    np.savez(place / "VGG19.npz", **layer)
    (place / "own.py").write_text(
        "def features(images):\n    return images.reshape(len(images), -1)[:, :12] / 255.0\n"
    )
    shutil.copytree(ROOT / "examples", place / "examples")
    for i, name in enumerate(("CONTENT", "STYLE")):
        shutil.copy(place / "FOLDER" / f"{i}.png", place / f"{name}.png")
    shutil.copy(STYLE_WEIGHTS, place / "vgg19.npz")


def opened(run, fresh=False, devices=None):
    """A run's data and nets, and some examples, in the place of training."""
    stages, _ = session.open_stages(run, devices or Devices(1))
    stages[0].dataset.gallery()
    return 0


def perform(command):
    """Runs a command in its short form, in this process."""
    line = f"{command} {SHORT[command]}".replace("CONFIG", "mine.py")
    line = line.replace("--out OTHER", "--out made")  # OTHER holds images to compare with
    name, *args = shlex.split(os.path.expandvars(line))
    try:
        code = importlib.import_module(f"jaxgan.{name}").main(args)
    except SystemExit as stop:
        code = stop.code
    assert code in (None, 0), command
    if file := re.search(r"--out ([\w.]+\.\w+)", command):
        assert Path(file[1]).stat().st_size


@pytest.mark.peers
def test_every_command_does_what_it_says(tmp_path, monkeypatch):
    write_place(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, value in {"FIRST": "HOST", "SKYPILOT_NUM_NODES": 2, "SKYPILOT_NODE_RANK": 0}.items():
        monkeypatch.setenv(name, str(value))
    for module in (session, describe):  # one device compiles fastest
        monkeypatch.setattr(module, "open_devices", lambda parallel: Devices(1, parallel))
    first = [c for c in SHORT if c.startswith("train") and "--out runs/" in c]
    first += ["evaluate FOLDER --save_statistics stats.npz"]
    for command in first:  # these make what the others open
        perform(command)
    assert Path("runs/mine/best").is_dir()
    names = {"pictures": np.zeros((2, 8, 8, 3), np.uint8)}
    exec(code("docs/run_directory.md"), names)
    assert names["images"].shape == (16, 16, 16, 1)
    assert names["outputs"].shape == names["pictures"].shape
    monkeypatch.setattr(loop, "train", opened)
    monkeypatch.setattr(processes, "initialize", lambda parallel: None)
    monkeypatch.setitem(opening._KINDS, "tfds", ("NAME", True, opening._KINDS["digits"][2]))
    for command in [c for c in SHORT if c not in first]:
        perform(command)
