"""Stateless random numbers and permutations in NumPy's uint64, vectorised over a batch.

Every number is a hash of its purpose, such as (seed, stream, epoch, index). So it doesn't depend on
the number of hosts, the number of decoding threads, or the step at which a run resumed.
"""

import numpy as np
from jaxtyping import UInt64

_GOLDEN = 0x9E3779B97F4A7C15
_ROUNDS = 8
"""Number of Feistel rounds; even, so that the halves end with their initial widths."""


def bits(*words: "int | UInt64[np.ndarray, '...']") -> UInt64[np.ndarray, "..."]:
    """64 random bits as a function of integer words (mod 2^64), which broadcast.

    The finaliser of SplitMix64 (Steele, Lea and Flood, 2014) is applied to the state at each word.
    """
    state = np.zeros(1, np.uint64)
    for word in words:
        if isinstance(word, int):
            word = np.full(1, word % 2**64, np.uint64)
        state = _mix(state + word + np.uint64(_GOLDEN))
    return state


def permuted(
    place: UInt64[np.ndarray, "..."], key: UInt64[np.ndarray, "..."], size: int
) -> UInt64[np.ndarray, "..."]:
    """The element at each place of a random permutation of 0 to ``size - 1``, given by the key.

    A Feistel network (Luby and Rackoff, 1988) permutes the integers below the smallest power of two
    that is at least ``size``. A result not below ``size`` is permuted again until it is: cycle
    walking (Black and Rogaway, 2002), which takes at most two rounds on average.
    """
    width = max(1, (size - 1).bit_length())
    place, key = np.broadcast_arrays(place, key)
    out = _encrypted(place, key, width)
    outside = out >= np.uint64(size)
    while outside.any():
        out[outside] = _encrypted(out[outside], key[outside], width)
        outside = out >= np.uint64(size)
    return out


def _encrypted(
    x: UInt64[np.ndarray, "*n"], key: UInt64[np.ndarray, "*n"], width: int
) -> UInt64[np.ndarray, "*n"]:
    """The Feistel rounds on two halves of ``width`` bits, with a hash as round function.

    For an odd width one half is one bit longer; the halves alternate.
    """
    low, high = width // 2, width - width // 2
    left, right = x >> np.uint64(low), x & np.uint64(2**low - 1)
    for _ in range(_ROUNDS):
        key = key + np.uint64(_GOLDEN)
        left, right = right, left ^ (_mix(key ^ right) & np.uint64(2**high - 1))
        low, high = high, low
    return (left << np.uint64(low)) | right


def _mix(x: UInt64[np.ndarray, "*n"]) -> UInt64[np.ndarray, "*n"]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
