"""The command that transfers style: what it writes and says, and bad input in one line."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan.errors import InputError
from jaxgan.ops.lab import rgb_to_lab
from jaxgan.ops.pixels import to_float
from jaxgan.style import main
from tests.weights.test_vgg_weights import write_caffe

pytestmark = pytest.mark.xdist_group("style")  # one worker: they share a fixture


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("style")
    write_caffe(folder / "vgg.npz", widths={"conv1_1": (3, 64), "conv1_2": (64, 64)})
    for name, (height, width) in {"c": (24, 36), "s": (20, 20), "t": (16, 32)}.items():
        pixels = np.random.default_rng(len(name)).integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


def command(place, out, *more):
    files = ["--content", "c.png", "--style", "s.png", "--out", str(out), "--weights", "vgg.npz"]
    files = [str(place / name) if (place / name).is_file() else name for name in files]
    return main([*files, "--size", "24", "--steps", "3", *more])


def pixels_of(path):
    return np.asarray(Image.open(path))


def test_it_writes_the_picture_at_the_contents_aspect_and_some_on_the_way(place, tmp_path, capsys):
    assert command(place, tmp_path / "o.png", "--save_every", "1") == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"o.png", "o_0001.png", "o_0002.png"}
    assert pixels_of(tmp_path / "o.png").shape == (16, 24, 3)
    said = capsys.readouterr()
    assert "VGG-19" in said.err
    assert "SHA-256" in said.err
    assert "content_layers: relu1_2 (the file ends at relu1_2; the paper has relu4_2)" in said.err
    assert "mean activation over these images is made 1" in said.err
    assert said.out.startswith(f"{tmp_path / 'o.png'}: loss ")
    before, after = (pixels_of(tmp_path / name) for name in ("o_0001.png", "o.png"))
    assert (before != after).any()


def test_two_styles_and_the_contents_own_colours(place, tmp_path):
    styles = ("--style", str(place / "s.png"), str(place / "t.png"), "--style_weights", "3", "1")
    args = (*styles, "--original_colours", "--optimizer", "adam", "--tv_weight", "1")
    assert command(place, tmp_path / "o.png", *args) == 0
    content = Image.open(place / "c.png").resize((24, 16), Image.Resampling.BICUBIC)
    both = np.stack([np.asarray(x) for x in (Image.open(tmp_path / "o.png"), content)])
    lab, want = np.asarray(rgb_to_lab(to_float(jnp.asarray(both))))
    assert np.median(np.abs(lab[..., 1:] - want[..., 1:])) < 3
    assert np.median(np.abs(lab[..., 0] - want[..., 0])) > 0.1


def test_noise_follows_the_seed(place, tmp_path):
    for name, seed in {"a": "1", "b": "2"}.items():
        more = ("--init", "noise", "--seed", seed, "--steps", "1")
        command(place, tmp_path / f"{name}.png", *more)
    a, b = (pixels_of(tmp_path / f"{name}.png") for name in "ab")
    assert (a != b).mean() > 0.5


def test_a_dry_run_says_the_memory_and_writes_nothing(place, tmp_path, capsys):
    assert command(place, tmp_path / "o.png", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "24x16 pixels" in out
    assert "MiB of work space" in out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "args,message",
    [
        (["--content", "none.png"], "^content: there is no file none.png; name an image"),
        (["--style", "{}/vgg.npz"], r"^style: cannot read .*vgg\.npz .*; name an image"),
        (["--out", "o.jpg"], r"^out: o\.jpg is to hold an image: name a FILE\.png"),
        (["--out", "{}/c.png"], r"^out: .*c\.png is an input itself; name another file"),
        (["--weights", ""], "^weights: style transfer needs a network's weights: name a file"),
        (["--weights", "{}/c.png"], r"^weights: .*c\.png ends in none of \.pth, "),
        (["--style_layers", "relu8_1"], "^style_layers: VGG-19 has no layer 'relu8_1': use"),
        (["--content_layers", "relu4_2"], "^content_layers: relu4_2 is beyond the weights of "),
        (["--style_weights", "1", "2"], "^style_weights: 2 weights for 1 styles; give one"),
        (["--steps", "0"], "^steps: 0 is below 1"),
        (["--size", "4"], "^size: 4 is below 8"),
        (["--style_weight", "-1"], "^style_weight: -1.0 is below 0"),
        (["--optimizer", "sgd"], "^--optimizer: sgd is not one of lbfgs, adam"),
    ],
)
def test_bad_input_is_one_line(place, tmp_path, args, message):
    args = [arg.format(place) for arg in args]
    with pytest.raises(InputError, match=message) as error:
        command(place, tmp_path / "o.png", *args)
    assert "\n" not in str(error.value)
