import numpy as np
import pytest

from jaxgan.data.permutation import bits, permuted

MASK = 2**64 - 1


def splitmix(state: int) -> int:
    """SplitMix64's next output, in Python's integers."""
    x = (state + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def test_bits_of_one_word_are_splitmix64():
    assert int(bits(0)[0]) == 0xE220A8397B1DCDAF  # The reference implementation's first.


def test_bits_chain_their_words():
    state = 0
    for word in (3, 2**63 + 1, -7 & MASK):
        state = splitmix((state + word) & MASK)
    assert int(bits(3, 2**63 + 1, -7)[0]) == state


def test_bits_are_uniform_and_uncorrelated():
    u = bits(0, 1, np.arange(20_000, dtype=np.uint64), 2) / 2.0**64
    assert abs(u.mean() - 0.5) < 0.01  # The standard error is 0.002.
    assert abs(u.var() - 1 / 12) < 0.003
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 0.03


@pytest.mark.parametrize(
    "size", [*range(1, 40), 64, 1797, 4**8 - 1, 4**8, 4**8 + 1, 2**17 + 1, 4**9 + 1]
)
def test_every_size_has_exact_permutations(size):
    for key in range(2 if size < 2000 else 1):
        out = permuted(np.arange(size, dtype=np.uint64), bits(key), size)
        assert (np.sort(out) == np.arange(size)).all()


@pytest.mark.parametrize("size", [2**31, 2**40 + 12345])
def test_large_sizes_have_no_collisions(size):
    places = np.linspace(0, size - 1, 100_000).astype(np.uint64)
    out = permuted(places, bits(7), size)
    assert len(np.unique(out)) == len(places)
    assert out.max() < size
    assert abs(out.mean() / size - 0.5) < 0.01


def epochs(count: int, size: int, seed: int = 0) -> np.ndarray:
    epoch, place = np.divmod(np.arange(count * size, dtype=np.uint64), np.uint64(size))
    return permuted(place, bits(seed, epoch), size).reshape(count, size).astype(int)


def test_every_example_is_equally_likely_at_every_place():
    """Chi-squared over 1500 permutations of 8, and nearly all of them different."""
    orders = epochs(1500, 8)
    counts = np.stack([np.bincount(place, minlength=8) for place in orders.T])
    chi2 = ((counts - 1500 / 8) ** 2 / (1500 / 8)).sum()
    assert chi2 < 100  # 49 degrees of freedom: the 99.998th percentile is 98.
    assert len({tuple(order) for order in orders}) > 1350  # 1472 expected of 8! = 40,320.


@pytest.mark.parametrize("size", [8, 23, 100])
def test_neighbours_are_every_pair_equally_often(size):
    orders = epochs(4000, size)
    pairs = np.zeros((size, size))
    np.add.at(pairs, (orders[:, 0], orders[:, 1]), 1)
    found = pairs[~np.eye(size, dtype=bool)]
    chi2 = ((found - found.mean()) ** 2 / found.mean()).sum()
    freedom = len(found) - 1
    assert abs(chi2 - freedom) < 5 * np.sqrt(2 * freedom)
