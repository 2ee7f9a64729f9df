"""The random numbers of :mod:`jaxgan.data.randomness` and its order, inside a JAX program.

The same integers to the bit, from the same words. That module says what they are good for.
"""

import math

import jax
import jax.numpy as jnp

from jaxgan.data.words import U64, Word, add, multiply, shift_right, u64, widened, xor

SHUFFLE, AUGMENT = 0, 1
"""The streams of :mod:`jaxgan.data.randomness`."""

_ROUNDS = 8
_UNROLL = 16
"""Encryptions in a turn of the loop, at most: a turn costs a GPU more than an encryption."""


def bits(*words: int | U64 | Word) -> U64:
    """64 random bits, a function of the integer words (mod 2^64), which broadcast.

    The state goes through the finaliser of SplitMix64 (Steele, Lea and Flood, 2014) at each word.
    """
    state = u64(0)
    for word in words:
        if isinstance(word, int):
            word = u64(word)
        elif not isinstance(word, U64):
            word = widened(word)
        state = _mix(add(add(state, word), u64(0x9E3779B97F4A7C15)))
    return state


def shuffled(place: Word, epoch: U64, size: int, seed: int) -> Word:
    """The example at each place of an epoch: a permutation of ``size``, another in each epoch.

    TensorFlow's ``RandomIndexShuffle``: a place is encrypted by the Simon block cipher (Beaulieu et
    al., 2013, https://eprint.iacr.org/2013/404), in blocks of at least 16 bits, until it is below
    ``size`` (cycle walking: Black and Rogaway, 2002). That takes ``2^16 / size`` encryptions on
    average in a small set. Like TensorFlow's, a block is a bit short for ``size = 4^k + 1`` from
    65537 on: then the last place has the example of the first, and the last example never comes.

    Args:
      place: position in the epoch, below ``size``.
      epoch: its number.
      size: number of examples, at most 2^31.
      seed: any integer.
    """
    if size == 1:
        return jnp.zeros_like(place)
    half = max(8, math.ceil((size - 2).bit_length() / 2))
    key = bits(seed, SHUFFLE, U64(epoch.hi[..., None], epoch.lo[..., None]), _row(3, place.ndim)).lo
    keys = _round_keys([key[..., k] for k in range(3)], half)
    end = jnp.uint32(size)

    def walk(_: object, x: Word) -> Word:
        return jnp.where(x < end, x, _encrypt(x, keys, half))

    turn = min(_UNROLL, math.ceil(4**half / size))
    return jax.lax.while_loop(
        lambda x: jnp.any(x >= end),
        lambda x: jax.lax.fori_loop(0, turn, walk, x, unroll=True),
        _encrypt(place, keys, half),
    )


def _mix(x: U64) -> U64:
    x = multiply(xor(x, shift_right(x, 30)), u64(0xBF58476D1CE4E5B9))
    x = multiply(xor(x, shift_right(x, 27)), u64(0x94D049BB133111EB))
    return xor(x, shift_right(x, 31))


def _row(count: int, rank: int) -> Word:
    """0, 1, ... along a last axis after ``rank`` axes."""
    return jnp.arange(count, dtype=jnp.uint32).reshape(*(1,) * rank, count)


def _round_keys(keys: list[Word], half: int) -> list[Word]:
    """Simon's key schedule for three words of ``half`` bits."""
    mask = 2**half - 1
    keys = [key & mask for key in keys]
    for i in range(_ROUNDS - 3):
        last = keys[-1]
        turned = ((last >> 3) | (last << (half - 3))) ^ ((last >> 4) | (last << (half - 4)))
        constant = 0xFFFC ^ ((0x7369F885192C0EF5 >> i) & 1)
        keys.append((keys[-3] ^ turned ^ constant) & mask)
    return keys


def _encrypt(x: Word, keys: list[Word], half: int) -> Word:
    """Simon's Feistel rounds, on the two halves of a block, ``half`` bits each."""
    mask = 2**half - 1
    left, right = (x >> half) & mask, x & mask
    for key in keys:
        twice = (right << half) | right  # Turned left by n it is ``twice >> (half - n)``.
        turned = ((twice >> (half - 1)) & (twice >> (half - 8))) ^ (twice >> (half - 2))
        left, right = right, (left ^ turned ^ key) & mask
    return (left << half) | right
