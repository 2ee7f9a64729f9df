import subprocess
import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from data_helpers import indexed, take, write_folder
from jax.sharding import PartitionSpec

from jaxgan.data import Data
from jaxgan.data.examples import Arrays, Source, Unpaired, from_arrays
from jaxgan.data.images.colour import MOST_PIXELS
from jaxgan.data.resident import gather, resident
from jaxgan.data.sources.opening import image_shape, open_source
from jaxgan.errors import InputError
from jaxgan.system.devices import Devices

PLAIN = Data(image_size=1, batch_size=30)
ALL = Data(image_size=8, batch_size=10, crop=3, flip=True, jitter=0.7)
LAST = 2**31 - 1
"""The last step."""


def gathering(data: Data, source: Source | Unpaired, seed: int = 1, n: int = 1):
    """``step -> batch``, compiled."""
    examples = jax.device_put(resident(source, data))
    shape = image_shape(source, data)

    @jax.jit
    def compiled(examples, step):
        return gather(examples, data, shape, seed, step, n)

    return lambda step: compiled(examples, jnp.int32(step))


def assert_gathers(
    data: Data, source: Source | Unpaired, starts: list[int], seed: int = 1, n: int = 1
):
    """The batches of two steps from each start are the pipeline's, to the bit."""
    batch_of = gathering(data, source, seed, n)
    for start in starts:
        options = {"seed": seed, "start_step": start, "batches_per_step": n}
        for k, expected in enumerate(take(data, 2, source, **options)):
            out = batch_of(start + k)
            assert out.keys() == expected.keys()
            for name in expected:
                assert out[name].dtype == expected[name].dtype
                np.testing.assert_array_equal(out[name], expected[name])


def pictures(channels: int, labelled: bool = True) -> Source:
    images = np.random.default_rng(0).integers(0, 256, (23, 9, 12, channels), dtype=np.uint8)
    return from_arrays("pictures", images, np.arange(23) % 3 if labelled else None)


@pytest.mark.parametrize("channels,n", [(1, 1), (3, 1), (4, 1), (3, 3)])
def test_augmented_batches_are_the_pipelines(channels, n):
    assert_gathers(ALL, pictures(channels), [1, LAST - 2], -1, n)


@pytest.mark.parametrize(
    "one", [{"crop": 3}, {"flip": True}, {"jitter": 1.0}, {"channels": 4, "jitter": 0.2}]
)
def test_one_augmentation_alone(one):
    assert_gathers(Data(image_size=8, batch_size=10, **one), pictures(3), [0])


@pytest.mark.parametrize("n", [1, 2])
def test_two_domains(n):
    data = Data("photos", image_size=24, batch_size=20, crop=3, flip=True, jitter=0.4)
    assert_gathers(data, open_source(data), [7], n=n)


def test_two_domains_of_different_sizes():
    source = Unpaired(pictures(3), from_arrays("few", pictures(3).arrays.images[:11]))
    assert_gathers(ALL, source, [0, LAST - 2])
    assert gathering(ALL, source)(0).keys() == {"a", "b"}


def test_any_source_in_memory(tmp_path):
    assert_gathers(Data(batch_size=64, image_size=16, crop=2), open_source(Data()), [27])
    np.savez(tmp_path / "a.npz", images=np.arange(2 * 9, dtype=np.uint8).reshape(2, 3, 3))
    data = Data(f"npz:{tmp_path}/a.npz", image_size=3, batch_size=2)
    assert_gathers(data, open_source(data), [0])
    assert gathering(data, open_source(data))(0).keys() == {"image"}


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


def test_order_of_large_steps_of_a_random_set():
    rng = np.random.default_rng(0)
    size, seed = int(rng.integers(1000, 10**6)), int(rng.integers(2**62))
    assert_gathers(replace(PLAIN, batch_size=900), indexed(size), [2**31 // 3], seed, 7)


@pytest.mark.parametrize("n", [1, 3])
def test_batches_are_spread_over_the_devices(n):
    devices, data, source = Devices(), replace(ALL, batch_size=12), pictures(3)
    examples = jax.device_put(resident(source, data), devices.replicated)

    def function(examples, step):
        return gather(examples, data, (8, 8, 3), 1, step, n)

    out = devices.jit(function)(examples, jax.device_put(jnp.uint32(5), devices.replicated))
    expected = take(data, 1, source, start_step=5, batches_per_step=n)[0]
    for name, leaf in out.items():
        assert leaf.sharding.spec == PartitionSpec(*(None,) * (n > 1), "data")
        np.testing.assert_array_equal(leaf, expected[name])


def test_examples_that_are_decoded_as_they_are_read(tmp_path):
    write_folder(tmp_path, np.zeros((3, 4, 4, 3), np.uint8), np.arange(3))
    data = Data(f"folder:{tmp_path}", batch_size=2, on_device=True)
    with pytest.raises(InputError) as caught:
        resident(open_source(data), data)
    assert str(caught.value) == (
        f"data.on_device: folder:{tmp_path} is decoded as it is read and doesn't lie in memory; "
        "use False, or data that does: digits, photos, idx: or npz:"
    )


def test_batch_larger_than_the_data_set():
    with pytest.raises(InputError, match=r"^data\.batch_size: 30 is larger .*\(10 images\).* 10"):
        resident(indexed(10), PLAIN)


def test_images_too_large_to_jitter():
    """Their sum would not fit in 32 bits."""
    assert 255 * MOST_PIXELS < 2**32
    arrays = Arrays(np.zeros((1, 1, 1, 1), np.uint8), None)
    source = Source("big", 1, 1, lambda i: (arrays.images[i], 0), arrays=arrays)
    with pytest.raises(InputError, match=r"^data\.on_device: .*4096.*; use False, or "):
        resident(source, Data(image_size=4097, batch_size=1, jitter=0.1))


def test_importing_loads_no_tensorflow():
    code = (
        "import sys, jaxgan.data.resident;"
        "print([m for m in sys.modules if m.split('.')[0] == 'tensorflow'])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
