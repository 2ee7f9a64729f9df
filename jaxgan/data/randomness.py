"""Stateless random numbers inside a TensorFlow graph, a whole batch at a time.

Every number is a hash of what it is for: (seed, stream, epoch, index, k). So it doesn't depend on
the number of hosts, on how many threads decode, or on where a run resumed. The hash is the
finaliser of SplitMix64 (Steele, Lea and Flood, 2014), after each word.
"""

from jaxgan.data.hosttf import tf

SHUFFLE, AUGMENT = 0, 1
"""Streams: numbers of one have nothing to do with those of the other."""


def bits(*words: int | tf.Tensor) -> tf.Tensor:
    """64 random bits (uint64), a function of the integer words (mod 2^64), which broadcast."""
    state = tf.constant(0, tf.uint64)
    for word in words:
        word = _u64(word % 2**64) if isinstance(word, int) else tf.cast(word, tf.uint64)
        state = _mix(state + word + _u64(0x9E3779B97F4A7C15))
    return state


def uniform(*words: int | tf.Tensor) -> tf.Tensor:
    """A float32 uniform in [0, 1): the upper 24 of :func:`bits`, over 2^24."""
    upper = tf.bitwise.right_shift(bits(*words), _u64(40))
    return tf.cast(tf.cast(upper, tf.int32), tf.float32) / 2.0**24


def shuffled(position: tf.Tensor, size: int, seed: int) -> tf.Tensor:
    """The example at each global position: a permutation of ``size`` in each epoch.

    The epoch is ``position // size``. TensorFlow's ``index_shuffle`` keeps only about 8 bits of
    each word of its key (256 orders, if the epoch were one word), so the key is three hashes.

    Args:
      position: int64 of any length, from 0.
      size: number of examples.
      seed: any integer.

    Returns:
      int64 indices below ``size``.
    """
    epoch = position // size
    key = tf.stack([bits(seed, SHUFFLE, epoch, k) for k in range(3)], axis=-1)
    last = tf.constant(size - 1, tf.int64)
    return tf.raw_ops.RandomIndexShuffle(
        index=tf.math.floormod(position, size), seed=key, max_index=last, rounds=8
    )


def _mix(x: tf.Tensor) -> tf.Tensor:
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _u64(30))) * _u64(0xBF58476D1CE4E5B9)
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _u64(27))) * _u64(0x94D049BB133111EB)
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _u64(31)))


def _u64(value: int) -> tf.Tensor:
    return tf.constant(value, tf.uint64)
