"""Files that a function is applied to: their sizes, names and bytes; what cannot be read."""

import csv
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from PIL import Image

from jaxgan import apply as command
from jaxgan import cli
from jaxgan.core import Algorithm, Feature, Function, Player, Spec, TrainState
from jaxgan.data.config import Data
from jaxgan.data.scaling import Scaling
from jaxgan.errors import InputError
from jaxgan.ops.palette import PALETTE
from jaxgan.run import files
from jaxgan.run.config import Run
from jaxgan.run.files import output_names
from jaxgan.run.mapping import Mapper, padded_size
from jaxgan.run.opened import Opened
from jaxgan.system import devices
from tests.small import small_run
from tests.test_train import train

IMAGE = Feature("image", (8, 8, 3))
AB = ("ab",)
SPEC = Spec({"a": IMAGE, "b": IMAGE}, 20)
WEIGHTS = {"g": {"params": {"scale": jnp.asarray(-1.0)}}}


@dataclass(frozen=True)
class Network:
    """Stands for a trained translator: ``scale * x``, so -1 inverts and 1 is the identity."""

    scale: float = -1.0
    names: tuple[str, ...] = ("ab", "ba")
    multiple: int = 4
    sizes: Any = None
    """A list that is told the shape of every program compiled."""

    def build(self, spec: Spec) -> Algorithm:
        def init(key, batch):
            scale = {"params": {"scale": jnp.asarray(self.scale)}}
            return TrainState.create({"g": Player.create(scale, optax.identity())})

        def function(weights, inputs, key):
            ((name, images),) = inputs.items()
            assert all(side % self.multiple == 0 for side in images.shape[1:3])
            if self.sizes is not None:
                self.sizes.append((name, images.shape))
            return images * weights["g"]["params"]["scale"]

        def show(weights, batch, key):
            return {"real A": batch["a"][:2] / 127.5 - 1, "fake B": jnp.zeros((2, 8, 8, 3))}

        functions = {
            name: Function(function, (name[0],), spec.features[name[1]], self.multiple)
            for name in self.names
        }
        step = lambda state, batch, key: (state, {"g_loss": jnp.zeros(())})  # noqa: E731
        return Algorithm(init, step, functions, show)


def trained(spec=SPEC, **fields):
    network = Network(**fields)
    weights = {"g": {"params": {"scale": jnp.asarray(network.scale)}}}
    return opened(network.build(spec).functions, spec, weights)


def opened(
    functions, spec=SPEC, weights=WEIGHTS, data=None, scaling=None, class_names=(), columns=()
):
    """A run as it is when it has been opened."""
    algorithm = Algorithm(None, None, functions)  # pyright: ignore
    return Opened(
        run=Run(algorithm=Network(), data=data or Data()),
        spec=spec,
        data=data or Data(),
        algorithm=algorithm,
        step=8,
        weights=weights,
        scaling=scaling or {},
        class_names=class_names,
        columns=columns,
    )


def mapper(run, name=None):
    return Mapper(run.algorithm.functions, run.spec.features, run.weights, name)


def translate(run, images, name="ab", batch_size=8):
    return mapper(run, name).images(images, batch_size)


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
        monkeypatch.setattr(command, "open_run", lambda *_, **__: run)
        monkeypatch.setattr(command, "use_cache", lambda: None)
        monkeypatch.setattr(sys, "argv", ["apply", "run", *map(str, args)])
        with pytest.raises(SystemExit) as stop:
            cli.main(command.main)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return stop.value.code, said.out, said.err

    return call


# The function.


def of_channels(channels):
    image = Feature("image", (8, 8, channels))
    return Spec({"a": image, "b": image}, 20)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [(427, 640), (8, 8), (7, 5), (3, 1)])
def test_the_identity_gives_back_every_byte(size, channels):
    run = trained(of_channels(channels), scale=1.0)
    image = pixels(*size, channels)
    (output,) = translate(run, [image])
    assert output.dtype == np.uint8
    np.testing.assert_array_equal(output, image)


def test_the_padding_is_a_reflection_at_the_right_and_the_bottom():
    """Also where it is longer than the side: it goes on with the image itself."""
    seen = []

    def function(weights, inputs, key):
        jax.debug.callback(lambda x: seen.append(np.asarray(x)), inputs["a"])
        return inputs["a"]

    image = pixels(4, 20)
    translate(opened({"ab": Function(function, ("a",), IMAGE, 16)}), [image])
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


@pytest.mark.parametrize("function,name", [("ab", "a"), ("ba", "b")])
def test_a_size_compiles_once(function, name):
    sizes = []
    shapes = [(8, 8)] * 5 + [(5, 8), (16, 8), (16, 7), (16, 8)]
    images = [pixels(*shape, seed=i) for i, shape in enumerate(shapes)]
    translate(trained(sizes=sizes), images[::-1], function, batch_size=4)
    assert sorted(sizes) == [(name, (4, 8, 8, 3)), (name, (4, 16, 8, 3))]


@pytest.mark.parametrize("count", [1, 5, 8])
def test_it_runs_on_all_devices_with_the_compilers_options(monkeypatch, count):
    options, shapes = [], []
    monkeypatch.setattr(devices, "compiler_options", lambda deterministic: options.append({}) or {})

    def function(weights, inputs, key):
        jax.debug.callback(lambda x: shapes.append(x.shape), inputs["a"], partitioned=True)
        return -inputs["a"]

    images = [pixels(8, 8, seed=i) for i in range(count)]
    outputs = mapper(opened({"ab": Function(function, ("a",), IMAGE)})).images(images)
    jax.effects_barrier()
    np.testing.assert_array_equal(outputs, 255 - np.stack(images))
    assert shapes == [(-(-count // 4), 8, 8, 3)] * 4
    assert options


def test_no_images():
    assert translate(trained(), []) == []


def test_images_get_the_channels_of_the_run():
    grey = pixels(5, 6, 1)
    (output,) = translate(trained(), [grey])
    np.testing.assert_array_equal(output, np.repeat(255 - grey, 3, axis=-1))


def test_a_run_without_the_function_says_what_it_has():
    with pytest.raises(InputError, match=r"function: this run has no bc; .*it has ab and ba"):
        mapper(trained(), "bc")
    with pytest.raises(InputError, match=r"function: this run has ab and ba: name one"):
        mapper(trained())
    assert mapper(trained(names=("ba",))).name == "ba"
    draws = {"sample": Function(identity, ("label",), IMAGE)}
    with pytest.raises(InputError, match=r"run: it maps nothing; it has sample: use .*sample"):
        mapper(opened(draws))
    both = {**draws, "encode": Function(identity, ("a",), IMAGE)}
    assert mapper(opened(both)).name == "encode"
    with pytest.raises(InputError, match=r"function: sample draws .*; use encode"):
        mapper(opened(both), "sample")
    two = {"paint": Function(identity, ("a", "b"), IMAGE)}
    with pytest.raises(InputError, match=r"function: paint takes a and b"):
        mapper(opened(two))


def identity(weights, inputs, key):
    return next(iter(inputs.values()))


def test_an_output_may_be_larger_by_a_whole_number():
    def twice(weights, inputs, key):
        return jnp.repeat(jnp.repeat(inputs["a"], 2, axis=1), 2, axis=2)

    run = opened({"enlarge": Function(twice, ("a",), IMAGE, multiple=4, scale=2)})
    image = pixels(5, 7)
    (output,) = mapper(run).images([image])
    np.testing.assert_array_equal(output, image.repeat(2, axis=0).repeat(2, axis=1))


def test_a_function_of_one_size_gets_that_size():
    run = opened({"reconstruct": Function(identity, ("a",), IMAGE, multiple=0)})
    outputs = mapper(run).images([pixels(20, 30), pixels(8, 8)])
    assert [output.shape for output in outputs] == [(8, 8, 3), (8, 8, 3)]
    np.testing.assert_array_equal(outputs[1], pixels(8, 8))


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
    code, out, _ = call(trained(names=AB), "--in", tmp_path / "in", "--out", tmp_path / "o" / "p")
    assert code == 0
    assert "applied ab to 4 of 4 inputs" in out
    found = {str(p.relative_to(tmp_path / "o/p")) for p in (tmp_path / "o").rglob("*.*")}
    assert found == {"a.png", "x/b.png", "x/y/b.png", "z.png"}
    for name in ("a.png", "x/b.png"):
        np.testing.assert_array_equal(load(tmp_path / "o/p" / name), 255 - images[name])


def test_one_image_and_the_other_direction(call, tmp_path):
    sizes = []
    path = save(tmp_path / "photo.png", pixels(6, 6, 1))
    args = ("--in", path, "--out", tmp_path / "out", "--function", "ba")
    code, *_ = call(trained(sizes=sizes), *args)
    assert code == 0
    assert sizes == [("b", (4, 8, 8, 3))]  # one image a device
    assert load(tmp_path / "out" / "photo.png").shape == (6, 6, 3)


def test_a_photo_is_turned_and_goes_with_those_of_its_size(call, tmp_path):
    exif, sizes = Image.Exif(), []
    exif[0x0112] = 6
    Image.fromarray(pixels(8, 16)).save(tmp_path / "a.jpg", exif=exif)
    save(tmp_path / "b.jpg", pixels(16, 8))
    Image.fromarray(pixels(8, 16)).save(tmp_path / "c.png", exif=exif)
    save(tmp_path / "aa.png", pixels(8, 16))
    code, *_ = call(trained(sizes=sizes, names=AB), "--in", tmp_path, "--out", f"{tmp_path}-out")
    assert code == 0
    assert load(tmp_path.with_name(f"{tmp_path.name}-out") / "a.png").shape == (16, 8, 3)
    assert sorted(sizes) == [("a", (4, 8, 16, 3)), ("a", (4, 16, 8, 3))]


def test_unreadable_files_are_passed_over_and_named(call, tmp_path):
    for i in range(10):
        save(tmp_path / "in" / f"{i}.png", pixels(64, 64, seed=i))
    whole = (tmp_path / "in" / "4.png").read_bytes()
    (tmp_path / "in" / "4.png").write_bytes(whole[: len(whole) // 2])  # its header is sound
    (tmp_path / "in" / "7.png").write_bytes(b"no image at all")
    code, out, err = call(
        trained(names=AB),
        "--in",
        tmp_path / "in",
        "--out",
        tmp_path / "out",
        "--batch_size",
        3,
        "--sheet",
    )
    assert code == 1
    assert "applied ab to 8 of 10 inputs; 2 could not be read" in out
    told = [line for line in err.splitlines() if "unreadable: " in line]
    assert sorted(str(i) for i in (4, 7) for line in told if f"{i}.png" in line) == ["4", "7"]
    assert len(told) == 2
    names = {f"{i}.png" for i in range(10)} - {"4.png", "7.png"}
    assert {p.name for p in (tmp_path / "out").iterdir()} == names | {"sheet.png"}
    for name in names:
        np.testing.assert_array_equal(
            load(tmp_path / "out" / name), 255 - load(tmp_path / "in" / name)
        )


def test_one_image_may_have_a_file_of_its_own(call, tmp_path):
    path, out = save(tmp_path / "photo.png", pixels(6, 7)), tmp_path / "new" / "y.PNG"
    code, said, _ = call(trained(names=AB), "--in", path, "--out", out)
    assert code == 0
    assert str(out) in said
    np.testing.assert_array_equal(load(out), 255 - pixels(6, 7))
    call(trained(names=AB, scale=1.0), "--in", path, "--out", out)
    np.testing.assert_array_equal(load(out), pixels(6, 7))
    assert [p.name for p in out.parent.iterdir()] == ["y.PNG"]


def test_what_happens_is_said(call, tmp_path):
    """Each size is compiled once and named, and so are files that are no images."""
    for i, size in enumerate([(8, 8), (16, 12), (7, 8), (16, 12), (4, 4)]):
        save(tmp_path / "in" / f"{i}.png", pixels(*size))
    (tmp_path / "in" / "notes.txt").write_text("no image")
    (tmp_path / "in" / "z.png").write_bytes(b"no image at all")
    _, _, err = call(trained(names=AB), "--in", tmp_path / "in", "--out", tmp_path / "out")
    told = [line[line.index("compiling") :] for line in err.splitlines() if "compiling" in line]
    assert told == [
        "compiling ab for 4x4 (1 of 3 sizes)",
        "compiling ab for 8x8 (2 of 3 sizes)",
        "compiling ab for 12x16 (3 of 3 sizes)",
    ]
    assert "skipped 1 file that is no image: notes.txt" in err
    _, _, err = call(trained(names=AB), "--in", tmp_path / "in/1.png", "--out", tmp_path / "y.png")
    assert "compiling ab for 12x16\n" in err


def test_one_image_that_is_unreadable(call, tmp_path):
    (tmp_path / "x.png").write_bytes(b"no image at all")
    args = ("--in", tmp_path / "x.png", "--out", tmp_path / "out", "--sheet")
    code, out, err = call(trained(names=AB), *args)
    assert code == 1
    assert "applied ab to 0 of 1 inputs; 1 could not be read" in out
    assert "x.png" in err


def test_images_are_decoded_as_they_are_needed(call, tmp_path, monkeypatch):
    for i in range(9):
        save(tmp_path / "in" / f"{i}.png", pixels(8, 8, seed=i))
    written = []

    def decode(path, name, decode=files.decode):
        written.append(len(list((tmp_path / "out").rglob("*.png"))))
        return decode(path, name)

    monkeypatch.setattr(files, "decode", decode)
    call(trained(names=AB), "--in", tmp_path / "in", "--out", tmp_path / "out", "--batch_size", 2)
    assert all(i - done <= 3 for i, done in enumerate(written))
    assert len(written) == 9


def names_of(*files, taken=()):
    named = output_names([Path(file) for file in files], [Path(t) for t in taken])
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
    call(trained(names=AB), "--in", tmp_path / "in", "--out", tmp_path / "out")
    np.testing.assert_array_equal(load(tmp_path / "out" / "x.png.png"), 255 - load(png))
    assert load(tmp_path / "out" / "x.webp.png").shape == (4, 4, 3)


def test_the_sheet_has_images_beside_what_became_of_them(call, tmp_path):
    for i in range(20):
        save(tmp_path / "in" / f"{i:02d}.png", pixels(512, 384, seed=i))
    save(tmp_path / "in" / "sheet.png", pixels(512, 384))
    wide = np.full((100, 300, 3), 40, np.uint8)
    save(tmp_path / "in" / "00.png", wide)
    code, *_ = call(
        trained(names=AB), "--in", tmp_path / "in", "--out", tmp_path / "out", "--sheet"
    )
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

    monkeypatch.setattr(files, "write_whole", full)
    code, _, err = call(trained(names=AB), "--in", path, "--out", tmp_path / "out")
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
        ({}, "--in {0}/in --out {0}/new.png", ["out: ", "new.png is a file", "name a folder"]),
        ({}, "--in {0}/in/x.png --out {0}/in/x.png", ["out: ", "x.png is the input itself"]),
        ({}, "--in {0}/in/x.png --out {0}/y.jpg", ["out: ", "y.jpg does not end in .png"]),
        ({}, "--in {0}/in/x.png --out {0}/y.png --sheet", ["sheet: ", "y.png is a file"]),
        ({}, "--in {0}/pipe.png --out {0}/out", ["in: ", "pipe.png is neither"]),
        ({}, "--in {0}/in --out {0}/out --function aa", ["function: ", "ab"]),
        ({}, "--in {0}/in --out {0}/out --batch_size 0", ["batch_size: 0"]),
        ({}, "--in {0}/in --out {0}/out --function ba", ["function: ", "no ba", "has ab"]),
        ({"names": ("ab", "ba")}, "--in {0}/in --out {0}/out", ["function: ", "ab and ba"]),
    ],
)
def test_a_wrong_argument_is_named_in_one_line(run, args, words, call, tmp_path):
    save(tmp_path / "in" / "x.png", pixels(8, 8))
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    before = sorted(tmp_path.rglob("*"))
    code, _, err = call(trained(**{"names": AB, **run}), *args.format(tmp_path).split())
    assert code == 2
    line = err.strip().splitlines()[-1]
    assert line.startswith("error: "), err
    for word in words:
        assert word in line, line
    assert sorted(tmp_path.rglob("*")) == before


def test_a_trained_run_opened_by_its_config(tmp_path, monkeypatch, capsys):
    """From training to files; the run is of an algorithm that is not jaxgan's own."""
    out, config = tmp_path / "run", tmp_path / "config.py"
    photos = Data(source="photos", image_size=8, batch_size=8)
    train(small_run(Network(), out, data=photos))
    assert f"python -m jaxgan.apply {out} --" in capsys.readouterr().out
    assert Image.open(out / "samples.png").size[1] > 8 + 2 + 8  # titled
    config.write_text(
        "from tests.small import small_run\nfrom tests.test_apply import Network\n"
        f"def config():\n    return small_run(Network(), {str(out)!r})\n"
    )
    image = pixels(9, 10, 1)
    save(tmp_path / "x.png", image)
    args = ["--in", tmp_path / "x.png", "--out", tmp_path / "out", "--config", config]
    args += ["--function", "ab"]
    monkeypatch.setattr(sys, "argv", ["apply", str(out), *map(str, args)])
    with pytest.raises(SystemExit) as stop:
        cli.main(command.main)
    assert stop.value.code == 0
    written = load(tmp_path / "out" / "x.png")
    np.testing.assert_array_equal(written, np.repeat(255 - image, 3, axis=-1))


# Outputs that are no images.


def save_folder(folder, n=5, size=(9, 12)):
    images = {f"{i}.png": pixels(*size, seed=i) for i in range(n)}
    for name, image in images.items():
        save(folder / name, image)
    return images


def read_csv(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_a_classifier_gives_labels_and_probabilities(call, tmp_path):
    """The red of an image decides; it is given the size that the run was trained on."""
    sizes = []

    def classify(weights, inputs, key):
        sizes.append(inputs["image"].shape)
        red = inputs["image"][..., 0].mean((1, 2))
        return jax.nn.softmax(jnp.stack([-4 * red, 4 * red], axis=-1))

    spec = Spec({"image": IMAGE, "label": Feature("label", (), 2)}, 20)
    functions = {"classify": Function(classify, ("image",), Feature("label", (), 2))}
    run = opened(functions, spec, class_names=("blue", "red"))
    for name, red in {"a.png": 250, "b/c.png": 5}.items():
        image = np.full((9, 20, 3), red, np.uint8)
        save(tmp_path / "in" / name, image)
    (tmp_path / "in" / "z.png").write_bytes(b"no image at all")
    out = tmp_path / "o" / "labels.csv"
    code, said, _ = call(run, "--in", tmp_path / "in", "--out", out)
    assert code == 1
    assert "applied classify to 2 of 3 inputs" in said
    header, *rows = read_csv(out)
    assert header == ["file", "label", "blue", "red"]
    assert [row[:2] for row in rows] == [["a.png", "red"], ["b/c.png", "blue"]]
    for row in rows:
        assert sum(map(float, row[2:])) == pytest.approx(1)
    assert sizes == [(4, 8, 8, 3)]


def test_a_score_is_a_column_and_a_vector_an_array(call, tmp_path):
    images = save_folder(tmp_path / "in", size=(8, 8))

    def brightness(weights, inputs, key):
        return inputs["a"].mean((1, 2, 3))

    def means(weights, inputs, key):
        return inputs["a"].mean((1, 2))

    run = opened(
        {
            "score": Function(brightness, ("a",), Feature("array", ())),
            "encode": Function(means, ("a",), Feature("array", (3,))),
        }
    )
    expected = np.stack([image.mean((0, 1)) / 127.5 - 1 for image in images.values()])
    args = ["--in", tmp_path / "in", "--function"]
    code, *_ = call(run, *args, "score", "--out", tmp_path / "x.csv", "--batch_size", 2)
    assert code == 0
    header, *rows = read_csv(tmp_path / "x.csv")
    assert header == ["file", "score"]
    assert [row[0] for row in rows] == list(images)
    np.testing.assert_allclose([float(row[1]) for row in rows], expected.mean(1), atol=1e-5)
    code, *_ = call(run, *args, "encode", "--out", tmp_path / "x.npz")
    assert code == 0
    with np.load(tmp_path / "x.npz") as arrays:
        assert arrays["files"].tolist() == list(images)
        np.testing.assert_allclose(arrays["vectors"], expected, atol=1e-5)


def test_a_mask_is_a_png_of_class_indices_with_a_palette(call, tmp_path):
    images = save_folder(tmp_path / "in", 3)

    def segment(weights, inputs, key):
        return (inputs["image"][..., 1] > 0).astype(jnp.int32) * 2

    spec = Spec({"image": IMAGE, "mask": Feature("mask", (8, 8), 3)}, 20)
    functions = {"segment": Function(segment, ("image",), spec.features["mask"], multiple=8)}
    args = ["--in", tmp_path / "in", "--out", tmp_path / "out", "--sheet"]
    code, *_ = call(opened(functions, spec), *args)
    assert code == 0
    for name, image in images.items():
        with Image.open(tmp_path / "out" / name) as written:
            assert written.mode == "P"
            np.testing.assert_array_equal(np.asarray(written), 2 * (image[..., 1] > 127))
            assert written.getpalette()[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]
    sheet = load(tmp_path / "out" / "sheet.png")
    assert {tuple(c) for c in sheet[-9:, -12:].reshape(-1, 3)} == {(0, 0, 0), (0, 128, 0)}


def test_the_palette_is_that_of_pascal_voc():
    assert PALETTE[[0, 1, 2, 3, 8, 15, 255]].tolist() == [
        [0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [64, 0, 0], [192, 128, 128],
        [224, 224, 192],
    ]  # fmt: skip


# Tables and series.


def test_a_table_gives_predictions_in_units_of_the_file(call, tmp_path):
    """The target is 3 x - y; the run has learnt it between standardised values."""
    (tmp_path / "t.csv").write_text("x,name,z,y\n1,a,7,4\n2,b,nine,0\n-3,c,1,1\n")
    seen = []

    def predict(weights, inputs, key):
        jax.debug.callback(lambda x: seen.append(np.asarray(x)), inputs["row"])
        return inputs["row"][:, 0]

    target, row = Feature("array", ()), Feature("array", (2,))
    scaling = {
        "row": Scaling(np.array([1.0, 2.0]), np.array([2.0, 4.0])),
        "target": Scaling(np.array(10.0), np.array(5.0)),
    }
    run = opened(
        {"predict": Function(predict, ("row",), target)},
        Spec({"row": row, "target": target}, 20),
        data=Data(target="price"),
        columns=("x", "y"),
        scaling=scaling,
    )
    code, *_ = call(run, "--in", tmp_path / "t.csv", "--out", tmp_path / "p.csv")
    assert code == 0
    jax.effects_barrier()
    np.testing.assert_allclose(seen[0][:3], [[0, 0.5], [0.5, -0.5], [-2, -0.25]])
    header, *rows = read_csv(tmp_path / "p.csv")
    assert header == ["price"]
    np.testing.assert_allclose([float(*row) for row in rows], [10, 12.5, 0])


def test_a_table_gives_labels_of_its_classes(call, tmp_path):
    """Its own column of labels may be there, and is left out."""
    (tmp_path / "t.csv").write_text("x,kind\n1,4\n-2,5\n")

    def classify(weights, inputs, key):
        positive = (inputs["row"][:, 0] > 0).astype(jnp.float32)
        return jnp.stack([positive, 1 - positive], axis=-1)

    label = Feature("label", (), 2)
    spec = Spec({"row": Feature("array", (1,)), "label": label}, 20)
    functions = {"classify": Function(classify, ("row",), label)}
    run = opened(
        functions, spec, data=Data(target="kind"), class_names=("up", "down"), columns=("x",)
    )
    code, *_ = call(run, "--in", tmp_path / "t.csv", "--out", tmp_path / "p.csv")
    assert code == 0
    assert read_csv(tmp_path / "p.csv") == [
        ["label", "up", "down"], ["up", "1", "0"], ["down", "0", "1"]
    ]  # fmt: skip


def test_a_series_gives_its_future_in_units_of_the_file(call, tmp_path):
    rows = np.arange(20.0).reshape(10, 2)
    lines = "\n".join(f"2024-01-{i + 1:02},{a},{b}" for i, (a, b) in enumerate(rows))
    (tmp_path / "s.csv").write_text(f"time,a,b\n{lines}\n")

    def forecast(weights, inputs, key):
        return inputs["past"][:, -2:] + 1

    past, future = Feature("array", (4, 2)), Feature("array", (2, 2))
    own = Scaling(np.array([8.0, 9.0]), np.array([2.0, 4.0]))
    run = opened(
        {"forecast": Function(forecast, ("past",), future)},
        Spec({"past": past, "future": future}, 20),
        scaling={"past": own, "future": own},
        columns=("a", "b"),
    )
    args = ["--in", tmp_path / "s.csv", "--out"]
    code, *_ = call(run, *args, tmp_path / "f.csv")
    assert code == 0
    header, *values = read_csv(tmp_path / "f.csv")
    assert header == ["time", "a", "b"]
    assert [row.pop(0) for row in values] == ["2024-01-11", "2024-01-12"]
    np.testing.assert_allclose(np.array(values, float), rows[-2:] + np.array([2, 4]), rtol=1e-6)
    (tmp_path / "s.csv").write_text("a,b\n1,2\n2,3\n3,4\n4,5\n")
    call(run, *args, tmp_path / "f.csv")
    assert read_csv(tmp_path / "f.csv")[0] == ["a", "b"]
    code, _, err = call(run, *args, tmp_path / "f")
    assert code == 2
    assert "out: " in err
    assert "FILE.csv" in err
    for lines, words in {
        "time,a\n1,2\n2,3\n": ["in: ", "has no column 'b'"],
        "a,b\n1,2\n2,3\n": ["in: ", "last 4 rows", "2 rows"],
        "a,b\n1,2\n2,3\n\n4,5\n6,7\n": ["in: ", "without a gap"],
        "time,a,b\n1,1,2\n2,2,3\n9,4,5\n10,6,7\n": ["in: ", "without a gap"],
    }.items():
        (tmp_path / "s.csv").write_text(lines)
        code, _, err = call(run, *args, tmp_path / "g.csv")
        assert code == 2
        assert all(word in err for word in words), err
