"""Confusion matrices against scikit-learn's."""

import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics
from metric_helpers import on_one, over_devices

from jaxgan.errors import InputError
from jaxgan.metrics import Confusion

CLASSES = 4


def masks(n=24, seed=0):
    """Masks with 255 where no class is marked, and logits that are right more often than not."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, CLASSES, (n, 5, 6))
    logits = rng.normal(size=(n, 5, 6, CLASSES)) + 1.5 * np.eye(CLASSES)[true]
    true[rng.random(true.shape) < 0.1] = 255
    return true.astype(np.uint8), logits.astype(np.float32)


def counted(confusion, *batches):
    return on_one(confusion, *((jnp.asarray(b), jnp.asarray(a)) for a, b in batches))


def test_masks_against_sklearn():
    true, logits = masks()
    parts = [
        counted(Confusion.create(CLASSES), (true[i : i + 4], logits[i : i + 4]))
        for i in range(0, 24, 4)
    ]
    total = parts[0]
    for part in parts[1:]:
        total = total.merge(part)
    known = true != 255
    a, b = true[known], logits.argmax(-1)[known]
    np.testing.assert_array_equal(total.matrix(), sklearn.metrics.confusion_matrix(a, b))
    found = total.compute()
    iou = sklearn.metrics.jaccard_score(a, b, average=None)
    assert found["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(a, b))
    assert found["mean_iou"] == pytest.approx(iou.mean())
    assert [found[f"iou/{i}"] for i in range(CLASSES)] == pytest.approx(iou.tolist())
    dice = sklearn.metrics.f1_score(a, b, average=None)
    assert found["mean_dice"] == pytest.approx(dice.mean())
    assert [found[f"dice/{i}"] for i in range(CLASSES)] == pytest.approx(dice.tolist())
    assert found["majority_share"] == np.bincount(a).max() / a.size
    indices = counted(Confusion.create(CLASSES), (true, logits.argmax(-1).astype(np.uint8)))
    np.testing.assert_array_equal(indices.matrix(), total.matrix())


def test_labels_over_four_devices_without_the_padding():
    rng = np.random.default_rng(1)
    true, weight = rng.integers(0, CLASSES, 24).astype(np.int32), np.arange(24) < 21
    probabilities = rng.dirichlet(np.ones(CLASSES), 24).astype(np.float32)
    found = over_devices(Confusion.create(CLASSES), (probabilities, true, weight.astype(np.int32)))
    want = sklearn.metrics.confusion_matrix(true[:21], probabilities.argmax(1)[:21])
    np.testing.assert_array_equal(found.matrix(), want)


def test_a_class_that_is_nowhere_has_no_part_in_the_mean():
    labels = jnp.asarray([0, 0, 2])
    found = Confusion.create(("sky", "road", "tree")).update(labels, labels).compute()
    each = ("mean_iou", "mean_dice", "accuracy", "iou/sky", "iou/tree", "dice/sky", "dice/tree")
    assert found == {**dict.fromkeys(each, 1.0), "majority_share": 2 / 3}


def test_counts_are_exact_where_float32_is_not():
    confusion = Confusion.create(1)
    many = confusion.update(jnp.zeros((1, 4099, 4099), jnp.int32), jnp.zeros((1, 4099, 4099), int))
    for _ in range(3):
        many = many.merge(many)
    assert many.matrix().item() == 8 * 4099**2


def test_what_does_not_go_together():
    confusion, true = Confusion.create(3), jnp.zeros((2, 4), jnp.int32)
    for predicted in (jnp.zeros((2, 4, 5)), jnp.zeros((2, 4)), jnp.zeros((2, 3), jnp.int32)):
        with pytest.raises(InputError, match=r"predicted: .* or \(2, 4, 3\)"):
            confusion.update(predicted, true)
    with pytest.raises(InputError, match="true: no class was counted"):
        confusion.update(true, true + 255).compute()
