from dataclasses import replace
from itertools import islice

import jax
import numpy as np
import pytest
from data_helpers import assert_same, dataset, domains, indexed, take, write_folder
from jax.sharding import PartitionSpec

from jaxgan.data import Data
from jaxgan.data.examples import Source, from_images
from jaxgan.data.images.colour import MOST_PIXELS
from jaxgan.data.order import plans
from jaxgan.data.resident import gather, resident
from jaxgan.errors import InputError
from jaxgan.system.devices import Devices

PLAIN = Data(image_size=1, batch_size=30)
ALL = Data(image_size=8, batch_size=10, crop=3, flip=True, jitter=0.7)
LAST = 2**31 - 1
"""The last step."""


def gathered(data: Data, count: int, source=None, **options) -> list[dict]:
    """The first ``count`` calls by a compiled gather."""
    own = dataset(data, source)
    examples = jax.device_put(resident(own))

    @jax.jit
    def compiled(examples, plan):
        return gather(examples, plan, own.features, data.jitter)

    options.setdefault("seed", 1)
    return [compiled(examples, plan) for plan in islice(plans(own, **options), count)]


def assert_gathers(data: Data, source, starts: list[int], seed: int = 1, n: int = 1):
    """The batches of two steps from each start are the pipeline's, to the bit."""
    for start in starts:
        options = {"seed": seed, "start_step": start, "batches_per_step": n}
        assert_same(gathered(data, 2, source, **options), take(data, 2, source, **options))


@pytest.mark.parametrize("kind", ["digits", "idx", "npz", "photos", "table", "series"])
@pytest.mark.parametrize("n,k", [(1, 1), (2, 3)])
def test_every_source_in_memory(make_data, kind, n, k):
    data = replace(make_data(kind), held_out=0.2)
    options = {"batches_per_step": n, "steps_per_call": k, "leg": 1, "start_step": 3}
    assert_same(gathered(data, 2, **options), take(data, 2, **options))


def pictures(channels: int, labelled: bool = True) -> Source:
    images = np.random.default_rng(0).integers(0, 256, (23, 9, 12, channels), dtype=np.uint8)
    return from_images("pictures", images, np.arange(23) % 3 if labelled else None)


@pytest.mark.parametrize("channels,n", [(1, 1), (3, 1), (4, 1), (3, 3)])
def test_augmented_batches_are_the_pipelines(channels, n):
    assert_gathers(ALL, pictures(channels), [1, LAST - 2], -1, n)


@pytest.mark.parametrize(
    "one", [{"crop": 3}, {"flip": True}, {"jitter": 1.0}, {"channels": 4, "jitter": 0.2}]
)
def test_one_augmentation_alone(one):
    assert_gathers(Data(image_size=8, batch_size=10, **one), pictures(3), [0])


def test_two_domains_of_different_sizes():
    source = domains(pictures(3), from_images("few", pictures(3).arrays["image"][:11]))
    assert_gathers(ALL, source, [0, LAST - 2])
    assert gathered(ALL, 1, source)[0].keys() == {"a", "b"}


@pytest.mark.parametrize(
    "size,seed",
    [(1, 0), (2, 2**63), (7, -1), (64, 0), (1797, 2**63), (1797, 0), (4**8 + 1, -1), (60_000, 7)],
)
def test_order_is_the_pipelines(size, seed):
    """Across the end of the first epoch, and in the last one."""
    data = replace(PLAIN, batch_size=min(30, size))
    assert_gathers(data, indexed(size), [size // data.batch_size - 1, LAST - 2], seed)


def test_order_where_positions_outgrow_a_word():
    starts = [2**bits // 30 - 1 for bits in (31, 32, 33)]
    assert_gathers(PLAIN, indexed(1797), starts)


@pytest.mark.parametrize("n", [1, 3])
def test_batches_are_spread_over_the_devices(n):
    devices, data, source = Devices(), replace(ALL, batch_size=12), pictures(3)
    own = dataset(data, source)
    examples = jax.device_put(resident(own), devices.replicated)
    plan = next(plans(own, seed=1, start_step=5, batches_per_step=n))

    def function(examples, plan):
        return gather(examples, plan, own.features, data.jitter)

    out = devices.jit(function)(examples, jax.device_put(plan, devices.replicated))
    expected = take(data, 1, source, start_step=5, batches_per_step=n)[0]
    for name, leaf in out.items():
        assert leaf.sharding.spec == PartitionSpec(*(None,) * (n > 1), "data")
        np.testing.assert_array_equal(leaf, expected[name])


def test_examples_that_are_decoded_as_they_are_read(tmp_path):
    write_folder(tmp_path, np.zeros((3, 4, 4, 3), np.uint8), np.arange(3))
    data = Data(f"folder:{tmp_path}", batch_size=2, on_device=True)
    with pytest.raises(InputError) as caught:
        resident(dataset(data))
    assert str(caught.value) == (
        f"data.on_device: folder:{tmp_path} is decoded as it is read and doesn't lie in memory; "
        "use False, or data that does: digits, photos, idx:, npz:, table:, series: or points:"
    )


def test_batch_larger_than_the_data_set():
    with pytest.raises(InputError, match=r"^data\.batch_size: 30 is larger .*\(10 images\).* 10"):
        resident(dataset(PLAIN, indexed(10)))


def test_images_too_large_to_jitter():
    """Their sum would not fit in 32 bits."""
    assert 255 * MOST_PIXELS < 2**32
    with pytest.raises(InputError, match=r"^data\.jitter: 0\.1, .*4096.*: use 0$"):
        dataset(Data(image_size=4097, batch_size=1, jitter=0.1), pictures(3))
