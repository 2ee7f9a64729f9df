"""The command search, and codes of a run in Python."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan.algorithms import Autoencoder
from jaxgan.apply import main as run_apply
from jaxgan.errors import InputError
from jaxgan.nets import DenseDecoder, DenseEncoder
from jaxgan.search import main
from tests.small import small_run
from tests.test_train import train

pytestmark = pytest.mark.xdist_group("search")  # one worker: they share a fixture


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("search") / "run"
    method = Autoencoder(
        encoder=DenseEncoder(hidden=4), decoder=DenseDecoder(hidden=4), latent_dim=3
    )
    assert train(small_run(method, out, steps=1)) == 0
    return out


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images" / "sub").mkdir(parents=True)
    for i in range(5):
        write(tmp_path / "images" / f"{i}.png", i)
    write(tmp_path / "images" / "sub" / "copy.png", 3)
    return tmp_path / "images"


def write(path, seed, side=8):
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side), np.uint8)
    Image.fromarray(pixels).save(path)


def found(out):
    with open(out.with_suffix(".csv")) as file:
        return [(row["query"], row["file"], float(row["distance"])) for row in csv.DictReader(file)]


def index_of(run):
    (file,) = run.with_name("run.search").iterdir()
    return file


def files_of(run):
    return {path.relative_to(run): path.stat().st_mtime_ns for path in run.rglob("*")}


def test_a_copy_is_first_and_the_index_follows_the_files(run, folder, tmp_path, capsys):
    out, before = tmp_path / "made" / "sheet.png", files_of(run)
    args = [str(run), "--index", str(folder), "--out", str(out)]
    assert main([*args, "--query", str(folder / "3.png"), "--k", "5"]) == 0
    rows = found(out)
    assert [row[0] for row in rows] == ["3.png"] * 5
    assert {row[1] for row in rows} == {"0.png", "1.png", "2.png", "4.png", "sub/copy.png"}
    assert rows[0][1:] == ("sub/copy.png", 0.0)
    assert [row[2] for row in rows] == sorted(row[2] for row in rows)
    assert Image.open(out).width > Image.open(out).height
    assert "5 images were new" in capsys.readouterr().out
    assert files_of(run) == before  # the run itself is only read

    write(folder / "0.png", 77)  # another image under the same name
    (folder / "1.png").unlink()
    (folder / "4.png").rename(folder / "moved.png")
    main([*args, "--query", str(folder), "--k", "2"])
    assert "1 images were new" in capsys.readouterr().out
    assert len(found(out)) == 2 * 5
    assert all(query != file for query, file, _ in found(out))
    with np.load(index_of(run)) as table:
        assert table["codes"].shape == (4, 3)  # of the contents: a copy has its original's

    names = sorted({query for query, *_ in found(out)})
    images = np.stack([np.asarray(Image.open(folder / name))[..., None] for name in names])
    codes = dict(zip(names, jaxgan.load(run).apply("encode", images), strict=True))
    for query, file, distance in found(out):
        np.testing.assert_allclose(distance, np.linalg.norm(codes[query] - codes[file]), atol=1e-5)

    index_of(run).write_bytes(b"damaged")
    main([*args, "--query", str(folder), "--k", "2"])
    said = capsys.readouterr()
    assert "is damaged" in said.err
    assert "4 images were new" in said.out


def test_codes_are_decoded_in_python(run):
    opened = jaxgan.load(run)
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), np.uint8)
    codes = opened.apply("encode", images)
    decoded = opened.apply("decode", codes)
    again = opened.apply("reconstruct", images)
    assert decoded.dtype == np.uint8
    assert np.abs(decoded.astype(int) - again).max() <= 1
    with pytest.raises(InputError, match=r"decode needs one or more of shape \(3,\)"):
        opened.apply("decode", codes[:, :2])


def test_a_folder_is_encoded_and_its_codes_decoded_under_the_same_names(run, folder, tmp_path):
    codes, out, again = tmp_path / "codes.npz", tmp_path / "decoded", tmp_path / "again"
    apply = [str(run), "--function"]
    assert run_apply([*apply, "encode", "--in", str(folder), "--out", str(codes)]) == 0
    assert run_apply([*apply, "decode", "--in", str(codes), "--out", str(out)]) == 0
    assert run_apply([*apply, "reconstruct", "--in", str(folder), "--out", str(again)]) == 0
    names = sorted(path.relative_to(out) for path in out.rglob("*.png"))
    assert names == sorted(path.relative_to(folder) for path in folder.rglob("*.png"))
    for name in names:
        one, other = (np.asarray(Image.open(place / name)).astype(int) for place in (out, again))
        assert np.abs(one - other).max() <= 1
    for arrays, line in (
        ({"vectors": np.zeros((1, 3))}, "is no .npz file with files and vectors"),
        ({"files": ["../x.png"], "vectors": np.zeros((1, 3))}, "outside of the output's folder"),
        ({"files": ["x", "y"], "vectors": np.zeros((1, 3))}, "has 2 files for 1 vectors"),
    ):
        np.savez(codes, **arrays)
        with pytest.raises(InputError, match=line):
            run_apply([*apply, "decode", "--in", str(codes), "--out", str(out)])


@pytest.mark.parametrize(
    "flags,line",
    [
        ("--query images/0.png --k 6", "k: 6, and there are 5 images to find; use 1 to 5"),
        ("--query images/0.png --k 0", "k: 0, and there are 5 images"),
        ("--query nothing", "query: nothing is neither a folder nor"),
        ("--query images --out x.jpg", "out: x.jpg does not end in .png"),
        ("--query images --index no", "index: there is no folder no"),
        ("--query images --function reconstruct", "function: reconstruct does not make codes"),
        ("--query images --function enc", "function: this run has no enc; did you mean encode?"),
        ("--query text", "query: text has no image that can be read"),
    ],
)
def test_bad_input_is_one_line(run, folder, flags, line, monkeypatch):
    monkeypatch.chdir(folder.parent)
    Path("text").mkdir()
    Path("text/x.png").write_text("no image")
    flags = flags if "--index" in flags else f"{flags} --index images"
    with pytest.raises(InputError) as error:
        main([str(run), *flags.split()])
    assert line in str(error.value)
    assert "\n" not in str(error.value)
