import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.data.words import add, divide, multiply, product, shift_right, u64, widened, xor

EDGES = [0, 1, 2, 2**16 - 1, 2**16, 2**31, 2**32 - 1, 2**32, 2**33, 2**63, 2**64 - 2**32, 2**64 - 1]
RANDOM = [int(x) for x in np.random.default_rng(0).integers(0, 2**64, 40, dtype=np.uint64)]
NUMBERS = EDGES + RANDOM
PAIRS = [(a, b) for a in EDGES + RANDOM[:8] for b in EDGES + RANDOM[8:16]]
A, B = ([pair[k] for pair in PAIRS] for k in range(2))


def word(values: list[int]) -> jnp.ndarray:
    return jnp.array(values, jnp.uint32)


def pack(values: list[int]):
    return type(u64(0))(word([v >> 32 for v in values]), word([v % 2**32 for v in values]))


def unpack(x) -> list[int]:
    return [(int(hi) << 32) + int(lo) for hi, lo in zip(x.hi, x.lo, strict=True)]


def test_constants_are_mod_2_64():
    assert (int(u64(-1).hi), int(u64(-1).lo)) == (2**32 - 1, 2**32 - 1)
    assert (int(u64(2**64 + 2**32 + 5).hi), int(u64(2**64 + 2**32 + 5).lo)) == (1, 5)


@pytest.mark.parametrize(
    "function,exact",
    [(add, lambda a, b: a + b), (multiply, lambda a, b: a * b), (xor, lambda a, b: a ^ b)],
)
def test_arithmetic(function, exact):
    out = unpack(function(pack(A), pack(B)))
    assert out == [exact(a, b) % 2**64 for a, b in PAIRS]


def test_product_is_whole():
    low = [(a % 2**32, b % 2**32) for a, b in PAIRS]
    out = unpack(product(word([a for a, _ in low]), word([b for _, b in low])))
    assert out == [a * b for a, b in low]


@pytest.mark.parametrize("n", [1, 27, 31])
def test_shift(n):
    assert unpack(shift_right(pack(NUMBERS), n)) == [a >> n for a in NUMBERS]


def test_widened():
    assert unpack(widened(word([7, 2**32 - 1]))) == [7, 2**32 - 1]


@pytest.mark.parametrize("divisor", [1, 2, 3, 1797, 60000, 2**16, 2**16 + 1, 2**31 - 1, 2**31])
def test_divide(divisor):
    near = [k * divisor + d for k in (1, 2**21, 2**32 - 1) for d in (-1, 0, 1)]
    numbers = NUMBERS + near
    quotient, rest = divide(pack(numbers), divisor)
    assert unpack(quotient) == [a // divisor for a in numbers]
    assert rest.tolist() == [a % divisor for a in numbers]
