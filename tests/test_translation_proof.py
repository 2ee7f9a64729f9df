"""That translators learn; minutes long: python -m pytest -m slow."""

import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.config import Data
from jaxgan.data.sources.opening import open_streams
from tests.conftest import ROOT

pytestmark = pytest.mark.slow


def command(*args):
    env = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    subprocess.run([sys.executable, "-m", *map(str, args)], cwd=ROOT, env=env, check=True)


def read(folder):
    """The images of a folder in the order of their names, (n, h, w, c) in [0, 1]."""
    return np.stack([np.asarray(Image.open(p)) / 255 for p in sorted(folder.glob("*.png"))])


@pytest.fixture
def maps(shared, tmp_path):
    """Satellite images and maps: the pairs to learn from, and 100 others at 64 pixels."""
    with zipfile.ZipFile(shared / "maps" / "maps_256.zip") as archive:
        archive.extractall(tmp_path)
    for name in ("A_satellite", "B_map"):
        small = tmp_path / "small" / name
        small.mkdir(parents=True)
        for path in (tmp_path / "val" / name).iterdir():
            image = Image.open(path).resize((64, 64), Image.Resampling.BICUBIC)
            image.save(small / f"{path.stem}.png")
    return tmp_path


def test_pix2pix_learns_maps_that_it_has_not_seen(maps):
    source = f"paired:{maps}/train/A_satellite,{maps}/train/B_map"
    distances = []
    for steps in (1, 600):
        run, out = maps / f"run{steps}", maps / f"out{steps}"
        small = ["--data.image_size", 64, "--data.crop", 6, "--data.batch_size", 4]
        fields = ["--data.source", source, *small, "--steps", steps, "--out", run]
        command("jaxgan.train", ROOT / "configs" / "pix2pix_maps.py", *fields)
        command("jaxgan.apply", run, "--in", maps / "small" / "A_satellite", "--out", out)
        distances.append(np.abs(read(out) - read(maps / "small" / "B_map")).mean())
    print(f"held-out L1 in [0, 1]: {distances[0]:.4f} after a step, {distances[1]:.4f} after 600")
    assert distances[1] < 0.7 * distances[0]


def test_the_temple_takes_the_colours_of_the_flower(tmp_path):
    photos = open_streams(Data(source="photos"))
    a, b = (np.asarray(photos[name].arrays[name][::5]) for name in "ab")
    (tmp_path / "temple").mkdir()
    for i, image in enumerate(a):
        small = Image.fromarray(image).resize((64, 64), Image.Resampling.BICUBIC)
        small.save(tmp_path / "temple" / f"{i:03}.png")
    run, out = tmp_path / "run", tmp_path / "flower"
    fields = ["--steps", 600, "--sample.every", 300, "--out", run]
    command("jaxgan.train", ROOT / "configs" / "cyclegan_photos.py", *fields)
    command("jaxgan.apply", run, "--function", "ab", "--in", tmp_path / "temple", "--out", out)

    def colours(images):
        """Means of the three channels, and of their absolute differences from grey."""
        grey = images.mean(axis=-1, keepdims=True)
        return np.concatenate([images.mean((0, 1, 2)), np.abs(images - grey).mean((0, 1, 2))])

    temple, flower, fake = colours(a / 255), colours(b / 255), colours(read(out))
    before, after = np.abs(temple - flower).mean(), np.abs(fake - flower).mean()
    print(f"distance of colours from the flower's: {before:.3f}, translated {after:.3f}")
    assert after < 0.5 * before
