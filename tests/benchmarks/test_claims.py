"""The claims of a config: scorers that are right on reals, and numbers with a known value."""

import json

import numpy as np
import pytest

from benchmarks import claims


def reals(n=300):
    """Three classes of images: a bright third each, of varying brightness."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 3
    images = rng.integers(0, 40, (n, 12, 12, 1))
    for image, label in zip(images, labels, strict=True):
        image[4 * label : 4 * label + 4] += rng.integers(100, 200)
    return images.astype(np.uint8), labels


def test_the_classifier_reads_reals_and_no_other_class():
    images, labels = reals()
    svc = claims.classifier(images[:200], labels[:200])
    assert svc.score(claims.flat(images[200:]), labels[200:]) == 1.0


def test_the_reals_keep_their_own_deviation_and_copies_none():
    images, labels = reals()
    assert claims.deviation_ratio(images, labels, images, labels) == pytest.approx(1.0)
    copies = images[labels][:]  # every image of a class is the same one
    assert claims.deviation_ratio(copies, labels, images, labels) == pytest.approx(0.0)


def test_minutes_are_those_of_the_records(tmp_path):
    records = [
        {"step": 10, "images": 600, "images_per_second": 10.0},
        {"step": 10, "diversity": 1.0},
        {"step": 30, "images": 1800, "images_per_second": 20.0},
    ]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (tmp_path / "metrics.jsonl").write_text(lines)
    assert claims.minutes(tmp_path) == pytest.approx(2.0)


def test_a_source_in_one_part_is_split(tmp_path):
    images, labels = reals(100)
    np.savez(tmp_path / "x.npz", images=images, labels=labels)
    x, x_test, y, y_test = claims.reals(f"npz:{tmp_path / 'x.npz'}", (12, 12, 1))
    assert (len(x), len(x_test)) == (70, 30) == (len(y), len(y_test))
