"""The Inception score against NumPy in float64 and torch-fidelity."""

import numpy as np
import pytest
from metric_helpers import on_one, over_devices

from jaxgan.errors import InputError
from jaxgan.metrics import ClassScores, inception_score, torch_fidelity_order

N, CLASSES = 1003, 40


def logits(n=N, scale=3.0, seed=0):
    return (scale * np.random.default_rng(seed).normal(size=(n, CLASSES))).astype(np.float32)


def softmax(x):
    e = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def reference(p, splits):
    scores = []
    for i in range(splits):
        part = p[i * len(p) // splits : (i + 1) * len(p) // splits]
        kl = (part * (np.log(part) - np.log(part.mean(0, keepdims=True)))).sum(1)
        scores.append(np.exp(kl.mean()))
    return np.mean(scores), np.std(scores)


@pytest.mark.parametrize("splits", [1, 10])
def test_numpy(splits):
    p = softmax(logits())
    np.testing.assert_allclose(inception_score(p, splits), reference(p, splits), rtol=1e-9)


def test_torch_fidelity():
    torch = pytest.importorskip("torch", reason="torch-fidelity is a peer")
    import benchmarks.peers.torchvision_cpu  # noqa: F401

    metric = pytest.importorskip("torch_fidelity.metric_isc", reason="torch-fidelity is a peer")
    x = logits()
    want = tuple(metric.isc_features_to_metric(torch.tensor(x)).values())
    order = torch_fidelity_order(N)
    np.testing.assert_allclose(inception_score(softmax(x), order=order), want, rtol=1e-6)
    scores = on_one(ClassScores.create(N, 10, CLASSES, order), *batches(x, 128))
    np.testing.assert_allclose(scores.compute(), want, rtol=1e-5)


def batches(x, size):
    """In a random order, the last filled up with NaN."""
    places = np.random.default_rng(1).permutation(len(x)).astype(np.int32)
    for start in range(0, len(x), size):
        here = places[start : start + size]
        fill = size - len(here)
        outside = np.where(np.arange(fill) % 2, -1, len(x)).astype(np.int32)
        rows = np.concatenate([x[here], np.full((fill, CLASSES), np.nan, np.float32)])
        yield rows, np.concatenate([here, outside])


def test_by_batches_it_is_exact_for_many_images():
    x = logits(50_000, scale=1.0)
    scores = on_one(ClassScores.create(len(x), 10, CLASSES), *batches(x, 5_000))
    want = reference(softmax(x), 10)
    found = scores.compute()
    np.testing.assert_allclose(found[0], want[0], atol=1e-5)
    np.testing.assert_allclose(found[1], want[1], atol=1e-5)


def test_over_four_devices_and_in_four_parts():
    x = logits()
    want = reference(softmax(x), 5)
    empty = ClassScores.create(N, 5, CLASSES)
    np.testing.assert_allclose(over_devices(empty, *batches(x, 256)).compute(), want, rtol=1e-5)
    parts = [on_one(empty, batch) for batch in batches(x, 256)]
    assert len(parts) == 4
    total = empty
    for part in parts:
        total = part.merge(total)
    np.testing.assert_allclose(total.compute(), want, rtol=1e-5)


def test_the_range_and_images_sorted_by_class():
    certain = np.repeat(np.eye(4), 25, axis=0)
    np.testing.assert_allclose(inception_score(certain, 4), (1.0, 0.0))
    mixed = inception_score(certain, 4, np.arange(100).reshape(4, 25).T.ravel())
    assert mixed[0] > 3.9
    np.testing.assert_allclose(inception_score(certain, 1), (4.0, 0.0))
    np.testing.assert_allclose(inception_score(np.full((9, 5), 0.2), 3), (1.0, 0.0))


def test_bad_input():
    p = softmax(logits(5))
    message = "n: 5 images are fewer than the 10 splits of the Inception score; use more images or"
    with pytest.raises(InputError, match=message):
        inception_score(p)
    with pytest.raises(InputError, match=message):
        ClassScores.create(5, 10, CLASSES)
    with pytest.raises(InputError, match="splits: 0 is below 1"):
        inception_score(p, 0)
    with pytest.raises(InputError, match="order: not a permutation of 5 images"):
        inception_score(p, 1, np.array([0, 1, 2, 3, 3]))
    with pytest.raises(InputError, match="probs: a row does not sum to 1; give the softmax"):
        inception_score(logits(5), 1)
    with pytest.raises(InputError, match="probs: holds NaN"):
        inception_score(p * np.nan, 1)
    four = on_one(ClassScores.create(5, 5, CLASSES), (logits(4), np.arange(4, dtype=np.int32)))
    with pytest.raises(InputError, match="n: split 4 of the Inception score has no image"):
        four.compute()
    scores = ClassScores.create(5, 1, CLASSES)
    with pytest.raises(InputError, match="logits: holds NaN"):
        on_one(scores, (logits(5) * np.nan, np.arange(5, dtype=np.int32))).compute()


def test_an_image_that_could_not_be_read_is_left_out():
    values = logits(30)
    scores = on_one(
        ClassScores.create(30, 2, CLASSES), (values[1:], np.arange(1, 30, dtype=np.int32))
    )
    halves = [inception_score(softmax(part), 1)[0] for part in (values[1:15], values[15:])]
    assert scores.compute()[0] == pytest.approx(np.mean(halves), rel=1e-5)
