"""Scores that a run writes: of a table's rows and of images, each as if it were alone."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan.algorithms import Adam, AnomalyAutoencoder
from jaxgan.apply import main as run_apply
from jaxgan.data import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.errors import InputError
from jaxgan.evaluate import main as run_evaluate
from jaxgan.nets import RowDecoder, RowEncoder
from jaxgan.run.config import Checkpoint, Log
from tests.small import ALGORITHMS, small_run
from tests.test_train import train

pytestmark = pytest.mark.xdist_group("anomaly runs")  # one worker: they share a fixture


def write_table(path, rows, kinds=None):
    names = ["a", "b", "c"] + (["kind"] if kinds is not None else [])
    with open(path, "w", newline="") as file:
        lines = [[*row, *([] if kinds is None else [kinds[i]])] for i, row in enumerate(rows)]
        csv.writer(file).writerows([names, *lines])


def read_scores(path):
    with open(path, newline="") as file:
        header, *lines = csv.reader(file)
    return header, lines


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A run on rows that lie along a line; frauds lie beside it."""
    place = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(0)
    kinds = np.where(np.arange(200) % 10 == 0, "fraud", "fine")
    rows = rng.normal(size=(200, 1)) * [1.0, 2.0, -1.0] + rng.normal(scale=0.05, size=(200, 3))
    rows[kinds == "fraud", 2] *= -1
    write_table(place / "t.csv", rows, kinds)
    fields = {"hidden": 16, "activation": "tanh"}
    nets = {"encoder": RowEncoder(**fields), "decoder": RowDecoder(**fields)}
    method = AnomalyAutoencoder(**nets, latent_dim=1, optimizer=Adam(lr=0.02, b1=0.9))
    source = f"table:{place / 't.csv'}"
    data = Data(source, batch_size=16, held_out=0.3, target="kind", normal=("fine",))
    seldom = {"checkpoint": Checkpoint(every=200), "log": Log(every=200)}
    assert train(small_run(method, place / "run", data=data, steps=200, **seldom)) == 0
    return place / "run"


def test_a_table_is_scored_row_by_row_and_frauds_stand_out(table, tmp_path, capsys):
    rows = [[1.0, 2.0, -1.0], [1.0, 2.0, 1.0], [-0.5, -1.0, 0.5]]
    for name, own in (("all", rows), ("one", rows[:1])):
        write_table(tmp_path / f"{name}.csv", own)
        out = str(tmp_path / f"{name}_scores.csv")
        run_apply([str(table), "--in", str(tmp_path / f"{name}.csv"), "--out", out])
    header, lines = read_scores(tmp_path / "all_scores.csv")
    assert header == ["score"]
    scores = [float(score) for (score,) in lines]
    assert scores[1] > 5 * max(scores[0], scores[2])
    (alone,) = read_scores(tmp_path / "one_scores.csv")[1]
    assert float(alone[0]) == pytest.approx(scores[0], rel=1e-5)
    capsys.readouterr()
    run_evaluate([str(table)])
    found = json.loads(capsys.readouterr().out)["metrics"]
    assert found["score/roc_auc"] > 0.9
    assert scores[1] > found["score/threshold_q95"] > scores[0]


@pytest.mark.parametrize(
    "cell,line", [("many", "has 'many' in line 3"), ("", "no value in line 3")]
)
def test_a_table_with_text_or_a_gap_is_one_line(table, tmp_path, cell, line):
    write_table(tmp_path / "bad.csv", [[1, 2, 3], [1, cell, 3]])
    with pytest.raises(InputError, match=line) as error:
        run_apply([str(table), "--in", str(tmp_path / "bad.csv"), "--out", str(tmp_path / "o.csv")])
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match=rf"^data\.source: .*{line}"):
        open_dataset(Data(f"table:{tmp_path / 'bad.csv'}", batch_size=1))


def test_a_folder_of_images_becomes_a_file_of_scores(tmp_path):
    assert train(small_run(ALGORITHMS["anomaly"], tmp_path / "run", steps=1)) == 0
    (tmp_path / "images").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8), np.uint8)
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / "images" / f"{i}.png")
    out = tmp_path / "scores.csv"
    run_apply([str(tmp_path / "run"), "--in", str(tmp_path / "images"), "--out", str(out)])
    header, lines = read_scores(out)
    assert header == ["file", "score"]
    assert [name for name, _ in lines] == ["0.png", "1.png", "2.png"]
    scores = jaxgan.load(tmp_path / "run").apply("score", pixels[..., None])
    np.testing.assert_allclose([float(score) for _, score in lines], scores, rtol=1e-5)
