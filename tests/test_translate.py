"""Translated files: their sizes, names and bytes, and what happens to those that cannot be read."""

import sys
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from PIL import Image

from jaxgan import cli, sample
from jaxgan import translate as command
from jaxgan.core import Algorithm, Player, Spec, TrainState, Translation
from jaxgan.errors import InputError
from jaxgan.run.opened import Trained
from jaxgan.train import train
from jaxgan.translate import output_names, padded_size, translate
from tests.small import small_run

SPEC = Spec((8, 8, 3), 0, 20, ("a", "b"))


@dataclass(frozen=True)
class Network:
    """Stands for a trained translator: ``scale * x``, so -1 inverts and 1 is the identity."""

    scale: float = -1.0
    directions: tuple[str, ...] = ("ab", "ba")
    multiple: int = 4
    sizes: Any = None
    """A list that is told the shape of every program compiled."""

    def build(self, spec: Spec) -> Algorithm:
        def init(key, batch):
            scale = {"params": {"scale": jnp.asarray(self.scale)}}
            return TrainState.create({"g": Player.create(scale, optax.identity())})

        def predict(variables, inputs, key):
            (images,) = inputs.values()
            assert all(side % self.multiple == 0 for side in images.shape[1:3])
            if self.sizes is not None:
                self.sizes.append((*inputs, images.shape))
            return images * variables["g"]["params"]["scale"]

        return Algorithm(
            init=init,
            step=lambda state, batch, key: (state, {"g_loss": jnp.zeros(())}),
            predict=predict,
            preview=lambda variables, batch, key: jnp.zeros((2, 2, *spec.image_shape)),
            titles=("real A", "fake B"),
            translation=Translation(self.directions, self.multiple),
        )


def trained(spec=SPEC, **fields):
    algorithm = Network(**fields).build(spec)
    variables = {"g": {"params": {"scale": jnp.asarray(fields.get("scale", -1.0))}}}
    return Trained(small_run(Network(**fields), "run"), spec, algorithm, 8, variables)


def pixels(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def save(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(path)
    return path


def load(path):
    with Image.open(path) as image:
        array = np.asarray(image)
    return array[..., None] if array.ndim == 2 else array


@pytest.fixture
def call(monkeypatch, capsys):
    """The command on a run that is given: its exit code, and what it says."""

    def call(run, *args):
        monkeypatch.setattr(command, "open_run", lambda *_: run)
        monkeypatch.setattr(command, "use_cache", lambda: None)
        monkeypatch.setattr(sys, "argv", ["translate", "run", *map(str, args)])
        with pytest.raises(SystemExit) as stop:
            cli.main(command.main)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return stop.value.code, said.out, said.err

    return call


# The function.


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [(427, 640), (8, 8), (7, 5), (3, 1)])
def test_the_identity_gives_back_every_byte(size, channels):
    run = trained(SPEC._replace(image_shape=(8, 8, channels)), scale=1.0)
    image = pixels(*size, channels)
    (output,) = translate(run, [image])
    assert output.dtype == np.uint8
    np.testing.assert_array_equal(output, image)


def test_the_padding_is_a_reflection_at_the_right_and_the_bottom():
    """Also where it is longer than the side: it goes on with the image itself."""
    seen = []

    def predict(variables, inputs, key):
        jax.debug.callback(lambda x: seen.append(np.asarray(x)), inputs["a"])
        return inputs["a"]

    run = trained(multiple=16)
    run = run._replace(algorithm=run.algorithm._replace(predict=predict))
    image = pixels(4, 20)
    translate(run, [image])
    jax.effects_barrier()
    rows = [0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3]
    columns = [*range(20), *range(18, 6, -1)]
    expected = image[rows][:, columns] / 127.5 - 1
    np.testing.assert_allclose(seen[0][0], expected, atol=1e-6)


def test_a_translation_is_the_networks_in_the_order_of_the_images():
    sizes = [(9, 5), (4, 4), (9, 5), (6, 8), (4, 4), (12, 8)]
    images = [pixels(*size, seed=i) for i, size in enumerate(sizes)]
    outputs = translate(trained(), images, "ba", batch_size=2)
    for image, output in zip(images, outputs, strict=True):
        np.testing.assert_array_equal(output, 255 - image)


@pytest.mark.parametrize("direction,name", [("ab", "a"), ("ba", "b")])
def test_a_size_compiles_once(direction, name):
    sizes = []
    shapes = [(8, 8)] * 5 + [(5, 8), (16, 8), (16, 7), (16, 8)]
    images = [pixels(*shape, seed=i) for i, shape in enumerate(shapes)]
    translate(trained(sizes=sizes), images[::-1], direction, batch_size=4)
    assert sorted(sizes) == [(name, (3, 16, 8, 3)), (name, (4, 8, 8, 3))]


def test_no_images():
    assert translate(trained(), []) == []


def test_images_get_the_channels_of_the_run():
    grey = pixels(5, 6, 1)
    (output,) = translate(trained(), [grey])
    np.testing.assert_array_equal(output, np.repeat(255 - grey, 3, axis=-1))


def test_a_run_that_samples_and_a_direction_not_learnt():
    run = trained(directions=("ab",))
    with pytest.raises(InputError, match=r"direction: .* ba: use ab"):
        translate(run, [pixels(8, 8)], "ba")
    sampler = run._replace(algorithm=run.algorithm._replace(translation=None))
    with pytest.raises(InputError, match=r"run: .*jaxgan.sample"):
        translate(sampler, [pixels(8, 8)])
    with pytest.raises(InputError, match=r"run: .*jaxgan.translate"):
        sample.sample(run, 1)


def test_padded_size():
    assert padded_size((427, 640), 4) == (428, 640)
    assert padded_size((1, 257), 256) == (256, 512)


# The command.


def test_a_folder_keeps_its_subfolders_and_names(call, tmp_path):
    images = {
        name: pixels(*size, seed=i)
        for i, (name, size) in enumerate(
            {"a.png": (427, 640), "x/b.png": (9, 7), "x/y/b.PNG": (9, 8), "z.webp": (9, 8)}.items()
        )
    }
    for name, image in images.items():
        save(tmp_path / "in" / name, image)
    (tmp_path / "in" / "notes.txt").write_text("no image")
    code, out, _ = call(trained(), "--in", tmp_path / "in", "--out", tmp_path / "o" / "p")
    assert code == 0
    assert "translated 4 of 4 images" in out
    found = {str(p.relative_to(tmp_path / "o/p")) for p in (tmp_path / "o").rglob("*.*")}
    assert found == {"a.png", "x/b.png", "x/y/b.png", "z.png"}
    for name in ("a.png", "x/b.png"):
        np.testing.assert_array_equal(load(tmp_path / "o/p" / name), 255 - images[name])


def test_one_image_and_the_other_direction(call, tmp_path):
    sizes = []
    path = save(tmp_path / "photo.png", pixels(6, 6, 1))
    args = ("--in", path, "--out", tmp_path / "out", "--direction", "ba")
    code, *_ = call(trained(sizes=sizes), *args)
    assert code == 0
    assert sizes == [("b", (1, 8, 8, 3))]
    assert load(tmp_path / "out" / "photo.png").shape == (6, 6, 3)


def test_a_photo_is_turned_and_goes_with_those_of_its_size(call, tmp_path):
    exif, sizes = Image.Exif(), []
    exif[0x0112] = 6
    Image.fromarray(pixels(8, 16)).save(tmp_path / "a.jpg", exif=exif)
    save(tmp_path / "b.jpg", pixels(16, 8))
    Image.fromarray(pixels(8, 16)).save(tmp_path / "c.png", exif=exif)
    save(tmp_path / "aa.png", pixels(8, 16))
    code, *_ = call(trained(sizes=sizes), "--in", tmp_path, "--out", f"{tmp_path}-out")
    assert code == 0
    assert load(tmp_path.with_name(f"{tmp_path.name}-out") / "a.png").shape == (16, 8, 3)
    assert sorted(sizes) == [("a", (1, 8, 16, 3)), ("a", (3, 16, 8, 3))]


def test_unreadable_files_are_passed_over_and_named(call, tmp_path):
    for i in range(10):
        save(tmp_path / "in" / f"{i}.png", pixels(64, 64, seed=i))
    whole = (tmp_path / "in" / "4.png").read_bytes()
    (tmp_path / "in" / "4.png").write_bytes(whole[: len(whole) // 2])  # its header is sound
    (tmp_path / "in" / "7.png").write_bytes(b"no image at all")
    code, out, err = call(
        trained(), "--in", tmp_path / "in", "--out", tmp_path / "out", "--batch_size", 3, "--sheet"
    )
    assert code == 1
    assert "translated 8 of 10 images; 2 could not be read" in out
    told = [line for line in err.splitlines() if "unreadable: " in line]
    assert sorted(str(i) for i in (4, 7) for line in told if f"{i}.png" in line) == ["4", "7"]
    assert len(told) == 2
    names = {f"{i}.png" for i in range(10)} - {"4.png", "7.png"}
    assert {p.name for p in (tmp_path / "out").iterdir()} == names | {"sheet.png"}
    for name in names:
        np.testing.assert_array_equal(
            load(tmp_path / "out" / name), 255 - load(tmp_path / "in" / name)
        )


def test_one_image_that_is_unreadable(call, tmp_path):
    (tmp_path / "x.png").write_bytes(b"no image at all")
    args = ("--in", tmp_path / "x.png", "--out", tmp_path / "out", "--sheet")
    code, out, err = call(trained(), *args)
    assert code == 1
    assert "translated 0 of 1 images; 1 could not be read" in out
    assert "x.png" in err


def test_images_are_decoded_as_they_are_needed(call, tmp_path, monkeypatch):
    for i in range(9):
        save(tmp_path / "in" / f"{i}.png", pixels(8, 8, seed=i))
    written = []

    def decode(path, name, decode=command.decode):
        written.append(len(list((tmp_path / "out").rglob("*.png"))))
        return decode(path, name)

    monkeypatch.setattr(command, "decode", decode)
    call(trained(), "--in", tmp_path / "in", "--out", tmp_path / "out", "--batch_size", 2)
    assert all(i - done <= 3 for i, done in enumerate(written))
    assert len(written) == 9


def names_of(*files, taken=()):
    named = output_names([command.Path(file) for file in files], [command.Path(t) for t in taken])
    return [str(name) for name in named.values()]


def test_no_two_images_share_a_name():
    assert names_of("a.jpg", "b/a.png", "c.webp") == ["a.png", "b/a.png", "c.png"]
    assert names_of("x.jpg", "x.png", "y.png") == ["x.jpg.png", "x.png.png", "y.png"]
    assert names_of("X.jpg", "x.png") == ["X.jpg.png", "x.png.png"]  # one file on some disks
    chain = ["x.jpg", "x.png", "x.jpg.png", "x.jpg.webp"]
    assert len(set(names_of(*chain))) == 4
    assert names_of("sheet.jpg", taken=["sheet.png"]) == ["sheet.jpg.png"]
    assert names_of("a/sheet.jpg", taken=["sheet.png"]) == ["a/sheet.png"]


def test_images_with_one_stem_are_both_written(call, tmp_path):
    png = save(tmp_path / "in" / "x.png", pixels(8, 8))
    save(tmp_path / "in" / "x.webp", pixels(4, 4))
    call(trained(), "--in", tmp_path / "in", "--out", tmp_path / "out")
    np.testing.assert_array_equal(load(tmp_path / "out" / "x.png.png"), 255 - load(png))
    assert load(tmp_path / "out" / "x.webp.png").shape == (4, 4, 3)


def test_the_sheet_has_images_beside_what_became_of_them(call, tmp_path):
    for i in range(20):
        save(tmp_path / "in" / f"{i:02d}.png", pixels(512, 384, seed=i))
    save(tmp_path / "in" / "sheet.png", pixels(512, 384))
    wide = np.full((100, 300, 3), 40, np.uint8)
    save(tmp_path / "in" / "00.png", wide)
    code, *_ = call(trained(), "--in", tmp_path / "in", "--out", tmp_path / "out", "--sheet")
    assert code == 0
    assert load(tmp_path / "out" / "sheet.png.png").shape == (512, 384, 3)
    sheet = load(tmp_path / "out" / "sheet.png")
    strip = len(sheet) - (16 * 256 + 15 * 2)
    assert 0 < strip < 60
    assert sheet.shape == (strip + 16 * 256 + 15 * 2, 256 + 2 + 256, 3)
    middle = strip + 128
    assert (sheet[middle - 40 : middle + 40, :256] == 40).all()  # 85 pixels high, in the middle
    assert (sheet[middle - 40 : middle + 40, 258:] == 215).all()
    assert (sheet[strip : middle - 44] == 255).all()
    assert (sheet[strip + 258 : strip + 514, :32] == 255).all()  # a cell beneath is 192 wide
    assert not (sheet[strip + 258 : strip + 514, 40:200] == 255).all()


def test_a_full_disk_is_one_line(call, tmp_path, monkeypatch):
    path = save(tmp_path / "x.png", pixels(8, 8))

    def full(path, image):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command, "write_png", full)
    code, _, err = call(trained(), "--in", path, "--out", tmp_path / "out")
    assert code == 2
    line = err.splitlines()[-1]
    assert line.startswith("error: out: ")
    assert "x.png cannot be written (No space left on device)" in line


@pytest.mark.parametrize(
    "run,args,words",
    [
        ({}, "--in {0}/none --out {0}/out", ["in: ", "no file or folder", "none"]),
        ({}, "--in {0}/empty --out {0}/out", ["in: ", "no image", "empty", ".webp"]),
        ({}, "--in {0}/in --out {0}/in/x.png", ["out: ", "x.png is a file"]),
        ({}, "--in {0}/in --out {0}/in/x.png/y", ["out: ", "lies in"]),
        ({}, "--in {0}/in/x.png --out {0}/in/x.png/y", ["out: ", "cannot be written"]),
        ({}, "--in {0}/in --out {0}/in/../in", ["out: ", "the folder of the inputs"]),
        ({}, "--in {0}/in --out {0}/in/new", ["out: ", "lies in the folder of the inputs"]),
        ({}, "--in {0}/in/x.png --out {0}/in", ["out: ", "the folder of the inputs"]),
        ({}, "--in {0}/in --out {0}/out --direction aa", ["--direction", "ba"]),
        ({}, "--in {0}/in --out {0}/out --batch_size 0", ["batch_size: 0"]),
        (
            {"directions": ("ab",)},
            "--in {0}/in --out {0}/out --direction ba",
            ["direction: ", "use ab"],
        ),
    ],
)
def test_a_wrong_argument_is_named_in_one_line(run, args, words, call, tmp_path):
    save(tmp_path / "in" / "x.png", pixels(8, 8))
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.rglob("*"))
    code, _, err = call(trained(**run), *args.format(tmp_path).split())
    assert code == 2
    line = err.strip().splitlines()[-1]
    assert line.startswith("error: "), err
    for word in words:
        assert word in line, line
    assert sorted(tmp_path.rglob("*")) == before


def test_a_trained_run_opened_by_its_config(tmp_path, monkeypatch, capsys):
    """From training to files; the run is of an algorithm that is not jaxgan's own."""
    out, config = tmp_path / "run", tmp_path / "config.py"
    train(small_run(Network(), out))
    assert f"python -m jaxgan.translate {out} --in" in capsys.readouterr().out
    assert Image.open(out / "samples.png").size[1] > 8 + 2 + 8  # titled
    config.write_text(
        "from tests.small import small_run\nfrom tests.test_translate import Network\n"
        f"def config():\n    return small_run(Network(), {str(out)!r})\n"
    )
    image = pixels(9, 10, 1)
    save(tmp_path / "x.png", image)
    args = ["--in", tmp_path / "x.png", "--out", tmp_path / "out", "--config", config]
    monkeypatch.setattr(sys, "argv", ["translate", str(out), *map(str, args)])
    with pytest.raises(SystemExit) as stop:
        cli.main(command.main)
    assert stop.value.code == 0
    np.testing.assert_array_equal(load(tmp_path / "out" / "x.png"), 255 - image)
