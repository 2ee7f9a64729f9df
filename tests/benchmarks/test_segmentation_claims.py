"""The benchmark of segmentation: a threshold's Dice by hand, and the table."""

import numpy as np
import pytest
import sklearn.metrics

from benchmarks import segmentation
from jaxgan.core import Feature
from jaxgan.data.examples import Part, in_memory


def test_the_threshold_is_chosen_on_training_images_and_measured_on_others():
    rng = np.random.default_rng(0)
    mask = rng.integers(0, 2, (6, 20, 20)).astype(np.uint8)
    image = np.clip(90 + 70 * mask + rng.normal(0, 40, mask.shape), 0, 255).astype(np.uint8)
    features = {"image": Feature("image", (20, 20, 1)), "mask": Feature("mask", (20, 20), 2)}
    source = in_memory("x", features, {"image": image[..., None], "mask": mask})
    train, test = np.arange(4), np.arange(4, 6)
    found = segmentation.threshold(Part(source, train), Part(source, test))
    dice = lambda part, level: sklearn.metrics.f1_score(  # noqa: E731
        mask[part].ravel(), image[part].ravel() >= level, average="macro"
    )
    best = max(range(60, 200), key=lambda level: dice(train, level))
    assert found == pytest.approx(dice(test, best))


def test_the_table_has_mean_and_deviation():
    rows = {"one": {"dice": 0.5}, "two": {"dice": 0.7}}
    assert segmentation.table(rows).splitlines()[-1] == "| mean ± sd | 0.600 ± 0.141 |"
    assert len(segmentation.table({"one": {"dice": 0.5}}).splitlines()) == 3
