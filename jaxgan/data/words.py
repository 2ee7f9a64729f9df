"""64-bit integers as pairs of uint32, for a compiled step: JAX has 32 bits by default.

All arithmetic is mod 2^64, and shapes broadcast.
"""

from typing import NamedTuple, TypeAlias

import jax.numpy as jnp
from jaxtyping import Array, UInt32

Word: TypeAlias = UInt32[Array, "..."]
"""32 bits."""


class U64(NamedTuple):
    """``2^32 hi + lo``."""

    hi: Word
    lo: Word


def u64(value: int) -> U64:
    """A constant, mod 2^64."""
    return U64(jnp.uint32((value >> 32) % 2**32), jnp.uint32(value % 2**32))


def widened(word: Word) -> U64:
    """32 bits as 64."""
    return U64(jnp.zeros_like(word), word)


def add(a: U64, b: U64) -> U64:
    """``a + b``."""
    lo = a.lo + b.lo
    return U64(a.hi + b.hi + (lo < b.lo), lo)


def product(a: Word, b: Word) -> U64:
    """``a b``, whole: schoolbook multiplication of 16-bit digits."""
    (a1, a0), (b1, b0) = ((x >> 16, x & 0xFFFF) for x in (a, b))
    middle = a1 * b0 + ((a0 * b0) >> 16)
    other = a0 * b1 + (middle & 0xFFFF)
    return U64(a1 * b1 + (middle >> 16) + (other >> 16), a * b)


def multiply(a: U64, b: U64) -> U64:
    """``a b``."""
    hi, lo = product(a.lo, b.lo)
    return U64(hi + a.lo * b.hi + a.hi * b.lo, lo)


def xor(a: U64, b: U64) -> U64:
    """``a ^ b``."""
    return U64(a.hi ^ b.hi, a.lo ^ b.lo)


def shift_right(a: U64, n: int) -> U64:
    """``a >> n``, for n from 1 to 31."""
    return U64(a.hi >> n, (a.lo >> n) | (a.hi << (32 - n)))


def divide(a: U64, divisor: int) -> tuple[U64, Word]:
    """``a // divisor`` and ``a % divisor``, for a divisor from 1 to 2^31.

    Barrett's reduction: with ``m = (2^64 - 1) // divisor``, the quotient is ``a m // 2^64`` or 1
    more, since ``a / divisor - a m / 2^64 <= a / 2^64 < 1``. So the rest is below ``2 divisor``.
    """
    quotient = _upper(a, u64((2**64 - 1) // divisor))
    d = jnp.uint32(divisor)
    rest = a.lo - quotient.lo * d
    more = rest >= d
    return add(quotient, widened(more.astype(jnp.uint32))), jnp.where(more, rest - d, rest)


def _upper(a: U64, b: U64) -> U64:
    """``a b // 2^64``: :func:`product` with 32-bit digits."""
    middle = add(product(a.hi, b.lo), widened(product(a.lo, b.lo).hi))
    other = add(product(a.lo, b.hi), widened(middle.lo))
    return add(add(product(a.hi, b.hi), widened(middle.hi)), widened(other.hi))
