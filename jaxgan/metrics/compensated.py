"""Sums in float32 with nearly the accuracy of float64."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float

Values = Float[Array, "*shape"]


class Sum(struct.PyTreeNode):
    """A sum of arrays, ``high + low``: a float32 sum and its rounding error.

    The error of n additions is about n 2^-48 of the sum of magnitudes, instead of n 2^-24. Infinity
    stays infinity.

    Reference: Knuth, The Art of Computer Programming 2, section 4.2.2, theorem B.
    """

    high: Any
    low: Any

    @classmethod
    def zeros(cls, *shape: int) -> "Sum":
        """The empty sum of arrays of a shape."""
        return cls(high=jnp.zeros(shape), low=jnp.zeros(shape))

    def add(self, x: Values) -> "Sum":
        """The sum plus ``x``."""
        high, rest = _two_sum(self.high, x)
        return Sum(*_two_sum(high, self.low + rest))

    def merge(self, other: "Sum") -> "Sum":
        """The total of both sums."""
        return self.add(other.high).add(other.low)

    def compute(self) -> np.ndarray:
        """The sum in float64, on the host."""
        high, low = (np.asarray(x, np.float64) for x in (self.high, self.low))
        return np.asarray(high + low)


def difference(a: Sum, b: Sum) -> Sum:
    """``a - b``."""
    return a.merge(Sum(-b.high, -b.low))


def _two_sum(a: Values, b: Values) -> tuple[Values, Values]:
    """``a + b`` rounded, and its exact rounding error."""
    total = a + b
    part = total - a
    rest = (a - (total - part)) + (b - part)
    return total, jnp.where(jnp.isfinite(total), rest, 0.0)
