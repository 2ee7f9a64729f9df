"""Rare classes are filled up by samples of a conditional run."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from jaxgan.algorithms import CGAN
from jaxgan.data import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.errors import InputError
from jaxgan.run.balancing import balance, fill_up
from jaxgan.run.opened import open_run
from jaxgan.sample import main
from tests.small import ALGORITHMS, NETS, small_run
from tests.test_train import train

pytestmark = pytest.mark.xdist_group("balancing")  # one worker: they share a fixture

KEEP = ("3:7", "8:0")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("balancing") / "run"
    made = small_run(CGAN(**NETS), out, steps=1)
    train(replace(made, data=replace(made.data, keep=KEEP)))
    return out


def test_few_examples_of_a_class_are_kept_and_all_of_the_others():
    data = Data(held_out=0.2)
    whole, few = (open_dataset(d).streams[""] for d in (data, replace(data, keep=KEEP)))
    labels = whole.source.labels
    before, after = (np.bincount(labels[part.train], minlength=10) for part in (whole, few))
    expected = before.copy()
    expected[[3, 8]] = 7, 0
    assert after.tolist() == expected.tolist()
    assert set(few.train) <= set(whole.train)
    assert few.held_out.indices.tolist() == whole.held_out.indices.tolist()


@pytest.mark.peers
def test_a_folder_a_class_holds_what_it_lacks(run, tmp_path, capsys):
    main([str(run), "--balance", "training", "--out", str(tmp_path / "more")])
    told = capsys.readouterr().out
    labels = open_dataset(Data(image_size=8)).streams[""].source.labels
    has = np.bincount(labels, minlength=10)
    has[[3, 8]] = 7, 0
    lacks = {str(c): int(has.max() - n) for c, n in enumerate(has) if n < has.max()}
    assert f"{sum(lacks.values())} images of step 1" in told
    found = {path.name: len([*path.iterdir()]) for path in (tmp_path / "more").iterdir()}
    assert found == lacks
    drawn = open_run(run).sample(2, label=3)
    written = np.asarray(Image.open(tmp_path / "more" / "3" / "generated-00001.png"))
    np.testing.assert_array_equal(written, drawn[1, ..., 0])


def test_a_folder_of_images_is_counted(run, tmp_path):
    for label in range(10):
        for i in range(3 if label else 1):
            path = tmp_path / "images" / str(label) / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.zeros((8, 8), np.uint8)).save(path)
    wanted = balance(open_run(run), str(tmp_path / "images"))
    assert wanted.lacks.tolist() == [2] + [0] * 9
    assert str(wanted) == "0 2"


def test_bad_input_is_one_line(run, tmp_path):
    opened = open_run(run)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"^out: .* name a new folder"):
        fill_up(opened, "training", tmp_path / "file")
    with pytest.raises(InputError, match=r"^balance: photos has no classes"):
        balance(opened, "photos")
    other = tmp_path / "other"
    train(small_run(ALGORITHMS["gan"], other, steps=1))
    with pytest.raises(InputError, match=r"^balance: the run is not conditional"):
        balance(open_run(other), "digits")
    for text, message in {
        "x:3": "is not CLASS:COUNT with a class of digits, which has 0, 1",
        "3:x": "is not CLASS:COUNT with at most 183, the training examples of 3",
        "3:999": "is not CLASS:COUNT with at most 183",
        "3": "is not CLASS:COUNT",
    }.items():
        with pytest.raises(InputError, match=rf"^data\.keep: {text} {message}"):
            open_dataset(Data(keep=(text,)))
