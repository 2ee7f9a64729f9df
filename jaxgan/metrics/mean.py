"""The mean of one number per image."""

from typing import Any

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Num

from jaxgan.errors import InputError
from jaxgan.metrics.compensated import Sum
from jaxgan.metrics.reading import check_count


class Mean(struct.PyTreeNode):
    """The mean of numbers such as :func:`jaxgan.metrics.psnr`, batch by batch."""

    count: Any
    total: Sum

    @classmethod
    def create(cls) -> "Mean":
        """The mean before any numbers."""
        return cls(jnp.zeros((), jnp.int32), Sum.zeros())

    def update(
        self, values: Float[Array, "b"], weight: Num[Array, "b"] | Bool[Array, "b"] | None = None
    ) -> "Mean":
        """The mean, with these numbers added.

        Args:
          values: one number per image.
          weight: 0 leaves a number out (the padding of a last batch); anything else counts it once.
        """
        keep = jnp.ones(len(values), bool) if weight is None else weight != 0
        kept = jnp.where(keep, values.astype(jnp.float32), 0.0)
        count = self.count + keep.sum(dtype=jnp.int32)
        return Mean(count, self.total.add(kept.sum()))

    def merge(self, other: "Mean") -> "Mean":
        """The mean of the numbers of both."""
        return Mean(self.count + other.count, self.total.merge(other.total))

    def compute(self) -> float:
        """The mean; it is infinite if one number is (the PSNR of an image and itself).

        Raises:
          InputError: there are no numbers, or one is NaN.
        """
        check_count("values", int(self.count), least=1)
        mean = float(self.total.compute()) / int(self.count)
        if mean != mean:
            raise InputError("values: one of them is NaN; use finite images")
        return mean
