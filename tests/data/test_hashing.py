import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.data import randomness
from jaxgan.data.hashing import AUGMENT, SHUFFLE, bits, shuffled
from jaxgan.data.hosttf import tf
from jaxgan.data.words import U64, divide

SIZES = [1, 2, 7, 64, 1797, 60000, 2**16, 4**8 + 1, 2**17 + 1, 4**9 + 1, 1_281_167, 2**31]


def pair(values: np.ndarray) -> U64:
    values = values.astype(np.uint64)
    return U64(jnp.asarray(values >> 32, jnp.uint32), jnp.asarray(values % 2**32, jnp.uint32))


def whole(x: U64) -> np.ndarray:
    return (np.asarray(x.hi).astype(np.uint64) << 32) + np.asarray(x.lo)


def test_streams_are_those_of_the_pipeline():
    assert (SHUFFLE, AUGMENT) == (randomness.SHUFFLE, randomness.AUGMENT)


@pytest.mark.parametrize("seed", [0, -1, 12345, 2**63])
def test_bits_are_those_of_the_pipeline(seed):
    rng = np.random.default_rng(0)
    epoch, index = rng.integers(0, 2**62, 50), rng.integers(0, 2**31, 50)
    expected = randomness.bits(seed, 1, tf.constant(epoch), tf.constant(index), 3).numpy()
    out = bits(seed, 1, pair(epoch), jnp.asarray(index, jnp.uint32), 3)
    np.testing.assert_array_equal(whole(out), expected)


def positions(size: int) -> np.ndarray:
    """About the ends of epochs, and about those of 31, 32, 33 and 62 bits."""
    ends = [0, size, 256 * size, 2**31, 2**32, 2**33, 2**62, 2**40 // size * size]
    near = np.concatenate([np.arange(end - 9, end + 9) for end in ends])
    return near[near >= 0]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [0, -1, 2**63])
def test_order_is_that_of_the_pipeline(size, seed):
    at = positions(size)

    @jax.jit
    def order(position: U64) -> jnp.ndarray:
        epoch, place = divide(position, size)
        return shuffled(place, epoch, size, seed)

    expected = randomness.shuffled(tf.constant(at), size, seed).numpy()
    np.testing.assert_array_equal(order(pair(at)), expected)


def test_an_epoch_is_a_permutation():
    places = jnp.arange(1797, dtype=jnp.uint32)
    epoch = pair(np.full(1797, 2**40))
    assert sorted(shuffled(places, epoch, 1797, 5).tolist()) == list(range(1797))
