"""Diversity against a loop over pairs, and the line that a run says of itself."""

import itertools

import numpy as np
import pytest

from jaxgan.core import Feature, Function
from jaxgan.run import health

RNG = np.random.default_rng(0)


def draw(*shape):
    return RNG.integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("size", [8, 16, 6])
def test_the_mean_distance_is_that_of_pooled_pairs(size):
    images = draw(5, size, size, 3)
    cell = max(size // 8, 1)
    side = size // cell
    pooled = images.reshape(5, side, cell, side, cell, 3).mean((2, 4)) / 255
    pairs = [
        np.sqrt(np.mean((a - b) ** 2)) for a, b in itertools.combinations(pooled.astype(float), 2)
    ]
    np.testing.assert_allclose(
        health.mean_distance(health.pooled(images)), np.mean(pairs), rtol=1e-12
    )


def test_a_side_that_8_does_not_divide_is_pooled_in_cells_of_nearly_one_size():
    images = draw(2, 28, 11, 1)
    rows, columns = ((0, 3, 7, 10, 14, 17, 21, 24, 28), (0, 1, 2, 4, 5, 6, 8, 9, 11))
    want = [
        [image[top:bottom, left:right].mean() / 255]
        for image in images
        for top, bottom in itertools.pairwise(rows)
        for left, right in itertools.pairwise(columns)
    ]
    found = health.pooled(images)
    assert found.shape == (2, 64)
    np.testing.assert_allclose(found.ravel(), np.ravel(want), rtol=1e-12)


def test_the_data_are_as_diverse_as_themselves_and_copies_are_not_at_all():
    images = draw(100, 8, 8, 1)
    reals = health.Bank(health.pooled(images), None)
    assert health.diversity(images.reshape(10, 10, 8, 8, 1), reals) == {"diversity": 1.0}
    copies = np.broadcast_to(images[0], (10, 10, 8, 8, 1))
    assert health.diversity(copies, reals) == {"diversity": 0.0}


def test_noise_on_copies_is_no_diversity():
    reals = health.Bank(health.pooled(draw(100, 8, 8, 3).repeat(4, 1).repeat(4, 2)), None)
    noisy = 128 + RNG.integers(-20, 21, (10, 10, 32, 32, 3))
    assert health.diversity(noisy.astype(np.uint8), reals)["diversity"] < 0.05


def test_one_image_a_class_is_diverse_but_not_within_a_class():
    labels = np.arange(100) % 5  # rows 5 to 9 have no reals
    reals = health.Bank(health.pooled(draw(100, 8, 8, 1)), labels)
    sheet = np.repeat(draw(10, 1, 8, 8, 1), 10, axis=1)
    found = health.diversity(sheet, reals, by_class=True)
    assert found["diversity"] > 0.5
    assert found["class_diversity"] == 0.0
    sheet = draw(10, 10, 8, 8, 1)
    rows = sum(health.mean_distance(health.pooled(row)) for row in sheet[:5])
    classes = sum(health.mean_distance(reals.features[labels == i]) for i in range(5))
    found = health.diversity(sheet, reals, by_class=True)
    np.testing.assert_allclose(found["class_diversity"], rows / classes, rtol=1e-12)


def test_equal_reals_have_no_diversity_to_compare_with():
    reals = health.Bank(np.ones((100, 64)), None)
    assert health.diversity(draw(10, 10, 8, 8, 1), reals) == {}


IMAGE = Feature("image", (8, 8, 1))
LABEL = Feature("label", (), 10)


def function(*takes, gives=IMAGE):
    return Function(None, takes, gives)


def test_a_gauge_compares_the_block_of_a_sheet_with_reals_of_its_shape():
    images, labels = draw(100, 8, 8, 1), np.arange(100) % 10
    asked = []

    def reals(n):
        asked.append(n)
        return {"image": images, "label": labels}

    features = {"image": IMAGE, "label": LABEL}
    block = draw(10, 10, 8, 8, 1)
    sheet = {"real": images[:10], "": block, "curve": RNG.normal(size=(10, 7))}
    plain = health.gauge({"encode": function("image"), "sample": function()}, features, reals)
    bank = health.Bank(health.pooled(images), labels)
    assert plain(sheet) == health.diversity(block, bank)
    conditional = health.gauge({"sample": function("label")}, features, reals)
    assert conditional(sheet) == health.diversity(block, bank, by_class=True)
    assert conditional({"": draw(10, 10, 4, 4, 1)}) == {}
    assert conditional({}) == {}
    assert asked == [100, 100]


@pytest.mark.parametrize(
    "functions,features",
    [
        ({}, {"image": IMAGE}),
        ({"encode": function("image")}, {"image": IMAGE}),
        ({"sample": function()}, {"row": Feature("array", (3,))}),
        ({"sample": function(gives=Feature("array", (3,)))}, {"row": Feature("array", (3,))}),
        ({"sample": function(gives=Feature("image", (4, 4, 1)))}, {"image": IMAGE}),
    ],
)
def test_a_run_without_such_images_has_no_gauge(functions, features):
    assert health.gauge(functions, features, reals=lambda n: {}) is None


def test_means_leave_out_what_was_not_computed_and_begin_anew():
    means = health.Means()
    for lazy in (4.0, np.nan, np.nan):
        means.add({"r1": np.float32(lazy), "never": np.float32(np.nan), "loss": np.float32(2)})
    assert means.take() == {"r1": 4.0, "loss": 2.0}
    assert means.take() == {}


def test_the_line_says_all_in_words():
    values = {
        "discriminator_grad_norm": 1.3, "generator_grad_norm": 0.41, "real_rate": 0.87,
        "generator_loss": 1.0, "diversity": 0.83,
    }  # fmt: skip
    assert health.line(500, values) == (
        "step 500: D accepts 87% of real images; gradient norms discriminator 1.3,"
        " generator 0.41; diversity 0.83 of the data's"
    )
    assert health.warnings(values) == []
    assert health.line(5, {"real_rate_a": 0.5, "real_rate_b": 1.0}) == (
        "step 5: D_A accepts 50% of real images; D_B accepts 100% of real images"
    )
    assert health.line(5, {"loss": 1.0}) == ""


@pytest.mark.parametrize(
    "values,words",
    [
        ({"diversity": 0.05, "class_diversity": 0.01}, "the generator has collapsed to few images"),
        (
            {"diversity": 0.7, "class_diversity": 0.05},
            "the generator has collapsed to few images a class",
        ),
        (
            {"real_rate_a": 0.9, "real_rate_b": 0.98},
            "D_B may be memorising the data, or is far ahead of the generator",
        ),
        ({"ab_grad_norm": np.inf, "ba_grad_norm": 1.0}, "the gradient of ab was not finite"),
    ],
)
def test_what_is_off_is_said(values, words):
    assert health.warnings(values) == [words]


@pytest.mark.parametrize("player", ["", "_a"])
def test_a_wasserstein_critic_may_rank_all_reals_above_the_fakes(player):
    rate = {f"real_rate{player}": 1.0}
    assert health.warnings({**rate, f"wasserstein_estimate{player}": 3.0}) == []
    assert len(health.warnings(rate)) == 1
    other = {**rate, "wasserstein_estimate_b": 3.0}  # of another critic
    assert len(health.warnings(other)) == 1


def collapses(*diversities):
    return [{"step": 100 * (i + 1), "diversity": d} for i, d in enumerate(diversities)]


@pytest.mark.parametrize(
    "records,steps,lasted",
    [
        (collapses(0.05, 0.05, 0.05), 1900, "for 200 steps now: "),
        (collapses(0.05, 0.05, 0.05), 2000, ""),  # a tenth of the run, and no more
        (collapses(0.05, 0.05, 0.05, 0.5), 100, ""),  # it is over
        (collapses(0.05, 0.5, 0.05, 0.05), 900, "for 100 steps now: "),
        ([*collapses(0.05, 0.05), {"step": 250, "loss": 1.0}], 900, "for 100 steps now: "),
        ([{**r, "class_diversity": 0.01} for r in collapses(0.5, 0.5)], 900, "for 100 steps now: "),
        ([], 900, ""),
    ],
)
def test_a_long_collapse_ends_with_advice(records, steps, lasted):
    assert health.advice(records, steps) == (lasted and lasted + health.ADVICE)


def test_a_constant_prediction_is_a_warning():
    values = {"predicted_majority": 1.0, "true_majority": 0.78}
    (warning,) = health.warnings(values)
    assert warning.startswith("the prediction is one class everywhere")
    assert health.line(5, values) == (
        "step 5: the most frequent class has 100% of the predictions, 78% of the masks"
    )
    assert not health.warnings({"predicted_majority": 0.999, "true_majority": 0.78})
    assert not health.warnings({"predicted_majority": 0.99995, "true_majority": 0.99999})
