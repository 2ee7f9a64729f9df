import numpy as np

from jaxgan.data.hosttf import tf
from jaxgan.data.randomness import bits, shuffled, uniform

MASK = 2**64 - 1


def splitmix(state: int) -> int:
    """SplitMix64's next output, in Python's integers."""
    x = (state + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def test_bits_of_one_word_are_splitmix64():
    assert int(bits(0).numpy()) == 0xE220A8397B1DCDAF  # The reference implementation's first.


def test_bits_chain_their_words():
    state = 0
    for word in (3, 2**63 + 1, -7 & MASK):
        state = splitmix((state + word) & MASK)
    assert int(bits(3, 2**63 + 1, -7).numpy()) == state


def test_uniform_is_uniform_and_uncorrelated():
    u = uniform(0, 1, tf.range(20_000, dtype=tf.int64), 2).numpy()
    assert u.dtype == np.float32
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(u.mean() - 0.5) < 0.01  # The standard error is 0.002.
    assert abs(u.var() - 1 / 12) < 0.003
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 0.03


def test_every_example_is_equally_likely_at_every_place():
    """Chi-squared over 1500 epochs of 8 examples, and far more orders than the 256 of TF's key."""
    epochs = shuffled(tf.range(1500 * 8, dtype=tf.int64), 8, seed=0).numpy().reshape(-1, 8)
    assert (np.sort(epochs, axis=1) == np.arange(8)).all()
    counts = np.stack([np.bincount(place, minlength=8) for place in epochs.T])
    chi2 = ((counts - 1500 / 8) ** 2 / (1500 / 8)).sum()
    assert chi2 < 100  # 49 degrees of freedom: the 99.998th percentile is 98.
    assert len({tuple(epoch) for epoch in epochs}) > 1200


def test_epochs_256_apart_differ():
    first = shuffled(tf.range(300, dtype=tf.int64), 300, seed=0).numpy()
    later = shuffled(tf.range(300, dtype=tf.int64) + 256 * 300, 300, seed=0).numpy()
    assert (first != later).mean() > 0.9
