from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from data_helpers import dataset, domains, indexed, numbered

from jaxgan.data import Data
from jaxgan.data.order import plans
from jaxgan.errors import InputError

TINY = Data(image_size=1, batch_size=10)
AUGMENTED = replace(TINY, crop=2, flip=True, jitter=0.5)


def planned(size: int, count: int, data: Data = TINY, **options) -> list[dict]:
    options.setdefault("seed", 1)
    return [plan[""] for plan in islice(plans(dataset(data, indexed(size)), **options), count)]


def order(size: int, count: int, batch_size: int = 10, **options) -> np.ndarray:
    own = planned(size, count, replace(TINY, batch_size=batch_size), **options)
    return np.concatenate([plan["index"] for plan in own])


def test_each_epoch_is_another_permutation():
    epochs = order(23, 23, batch_size=8).reshape(8, 23)
    assert (np.sort(epochs, axis=1) == np.arange(23)).all()
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)


def test_another_seed_or_leg_is_another_order():
    orders = {tuple(order(23, 2, seed=seed)) for seed in (0, 1, 256, -1, 2**63, 2**64 - 2)}
    legs = {tuple(order(23, 2, seed=0, leg=leg)) for leg in (1, 2, 256)}
    assert len(orders | legs) == 9


def test_batches_run_over_the_end_of_an_epoch():
    np.testing.assert_array_equal(np.bincount(order(23, 23)), np.full(23, 10))


def test_order_does_not_depend_on_the_batch_size():
    np.testing.assert_array_equal(order(23, 12, batch_size=5), order(23, 6, batch_size=10))


def test_a_batch_may_be_the_whole_data_set():
    assert sorted(order(10, 1)) == list(range(10))


@pytest.mark.parametrize("step", [1, 7, 409, 410, 10**12, 2**59])
def test_any_step_is_reached_at_once(step):
    """Also about the end of what is planned at once, which is 409 calls."""
    straight = planned(23, 6, AUGMENTED, start_step=step)
    for k in (1, 3, 5):
        resumed = planned(23, 1, AUGMENTED, start_step=step + k)[0]
        for key, leaf in straight[k].items():
            np.testing.assert_array_equal(leaf, resumed[key])


def test_two_runs_of_one_stretch_are_the_same_around_a_block():
    straight = planned(23, 1000, AUGMENTED)
    for start in (408, 409, 410, 818):
        again = planned(23, 3, AUGMENTED, start_step=start)
        for one, other in zip(straight[start:], again, strict=False):
            assert all((one[key] == other[key]).all() for key in one)


@pytest.mark.parametrize("n,k", [(1, 1), (3, 1), (1, 4), (3, 4)])
@pytest.mark.parametrize("hosts", [1, 2, 5])
def test_hosts_and_stacks_divide_one_order(n, k, hosts):
    whole = order(23, 2 * n * k).reshape(2, k, n, hosts, 10 // hosts)
    for host in range(hosts):
        own = planned(
            23, 2, AUGMENTED, batches_per_step=n, steps_per_call=k, host=host, hosts=hosts
        )
        lead = (*((k,) if k > 1 else ()), *((n,) if n > 1 else ()), 10 // hosts)
        for call, plan in enumerate(own):
            assert plan["index"].shape == plan["y"].shape == plan["flip"].shape == lead
            assert plan["jitter"].shape == (*lead, 3)
            np.testing.assert_array_equal(plan["index"].ravel(), whole[call, :, :, host].ravel())


def test_what_is_not_augmented_is_not_planned():
    assert planned(23, 1)[0].keys() == {"index"}
    assert planned(23, 1, replace(TINY, flip=True))[0].keys() == {"index", "flip"}
    types = {key: leaf.dtype for key, leaf in planned(23, 1, AUGMENTED)[0].items()}
    assert types == {
        "index": np.int32, "y": np.int32, "x": np.int32, "flip": bool, "jitter": np.int32,
    }  # fmt: skip


def test_augmentation_is_uniform_and_differs_in_each_epoch():
    data = replace(AUGMENTED, batch_size=100)
    own = planned(100, 200, data)
    numbers = np.stack(
        [np.stack([p["y"], p["x"], *p["jitter"].T]) for p in own]
    )  # (epochs, 5, places)
    assert numbers.min() >= 0
    assert numbers.max() < 2**16
    np.testing.assert_allclose(numbers.mean((0, 2)) / 2**16, 0.5, atol=0.01)
    assert np.abs(np.corrcoef(np.moveaxis(numbers, 1, 0).reshape(5, -1)) - np.eye(5)).max() < 0.04
    assert abs(np.mean([p["flip"] for p in own]) - 0.5) < 0.02
    one = [int(p["y"][p["index"] == 3][0]) for p in own]
    assert len(set(one)) > 190


def test_streams_have_orders_and_epochs_of_their_own():
    both = dataset(TINY, domains(numbered(200), numbered(200)))
    own = list(islice(plans(both, seed=1), 40))
    a, b = (np.concatenate([plan[name]["index"] for plan in own]) for name in "ab")
    for found in (a, b):
        assert (np.sort(found.reshape(2, 200)) == np.arange(200)).all()
    assert (a == b).sum() < 12  # 2 expected of 400, standard deviation 1.4.


def test_batch_larger_than_the_data_set():
    with pytest.raises(InputError, match=r"data\.batch_size: 64 is larger .*\(10 images\).* 10 or"):
        planned(10, 1, replace(TINY, batch_size=64))


def test_batch_that_hosts_cannot_share():
    with pytest.raises(InputError, match=r"data\.batch_size: 10 does not divide among 4 hosts"):
        planned(20, 1, hosts=4)
