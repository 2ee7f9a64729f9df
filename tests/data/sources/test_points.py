"""Mixtures of Gaussians: what they are, and that they are always the same."""

import numpy as np
import pytest

from jaxgan.core import Feature
from jaxgan.data.config import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.data.sources.points import MIXTURES, open_points
from jaxgan.errors import InputError


@pytest.mark.parametrize(
    "name,modes,std", [("ring", 8, 0.02), ("grid", 25, 0.05), ("line", 4, 0.05)]
)
def test_each_mode_is_a_gaussian_around_its_centre(name, modes, std):
    source = open_points(name)
    points, labels = source.arrays["point"], source.labels
    dimensions = 1 if name == "line" else 2
    assert source.features == {
        "point": Feature("array", (dimensions,)),
        "label": Feature("label", (), modes),
    }
    assert source.columns == ("x", "y")[:dimensions]
    assert points.shape == (50_000, dimensions)
    assert np.ptp(np.bincount(labels, minlength=modes)) <= 1
    centres = MIXTURES[name].centres
    assert len(np.unique(centres.round(6), axis=0)) == modes
    means = np.stack([points[labels == k].mean(0) for k in range(modes)])
    np.testing.assert_allclose(means, centres, atol=5 * std / np.sqrt(50_000 / modes))
    residuals = points - centres[labels]
    np.testing.assert_allclose(residuals.std(0), std, rtol=0.02)
    kurtosis = np.mean((residuals / std) ** 4)
    assert kurtosis == pytest.approx(3, abs=0.1)  # a Gaussian's


def test_the_ring_has_radius_2_and_the_grid_a_step_of_2():
    np.testing.assert_allclose(np.linalg.norm(MIXTURES["ring"].centres, axis=1), 2)
    grid = MIXTURES["grid"].centres
    assert {tuple(c) for c in grid.tolist()} == {
        (x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)
    }


def test_points_are_always_the_same_and_the_test_part_is_another():
    first, again = open_points("ring"), open_points("ring")
    np.testing.assert_array_equal(first.arrays["point"], again.arrays["point"])
    expected = [[1.39707901, 1.45208634], [-0.00502215, 1.97805452]]
    np.testing.assert_allclose(first.arrays["point"][:2], expected, atol=1e-7)
    test = first.test()
    assert len(test) == 2_500
    assert not {*map(tuple, test.arrays["point"])} & {*map(tuple, first.arrays["point"])}


def test_the_pipeline_standardises_them_and_holds_the_test_part_out():
    dataset = open_dataset(Data(source="points:grid", batch_size=8))
    batches = list(dataset.held_out_batches(1250))
    assert [len(b["label"]) for b in batches] == [1250, 1250]
    points = np.concatenate([b["point"] for b in batches])
    np.testing.assert_allclose(points.std(0), 1, atol=0.02)
    scaling = dataset.scaling["point"]
    np.testing.assert_allclose(scaling.std, np.sqrt(8 + 0.05**2), rtol=1e-3)
    shown = dataset.gallery()
    assert len(shown["point"]) == 1000
    assert set(shown["label"].tolist()) == set(range(25))


def test_an_unknown_mixture_is_one_line():
    with pytest.raises(
        InputError, match=r"data\.source: points has no mixture 'rng': did you mean"
    ):
        open_dataset(Data(source="points:rng"))
    with pytest.raises(InputError, match=r"data\.source: points needs NAME"):
        open_dataset(Data(source="points"))
