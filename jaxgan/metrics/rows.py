"""A table of a network's outputs for each image, in the order of the images."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Int, Shaped


class Rows(struct.PyTreeNode):
    """One row per image, at the image's place in the whole set.

    So the table is the same for any batches, devices and hosts.
    """

    table: Any
    filled: Any

    @classmethod
    def create(cls, n: int, *shape: int, dtype: Any = jnp.float32) -> "Rows":
        """An empty table for ``n`` images, with one row of that shape for each."""
        return cls(jnp.zeros((n, *shape), dtype), jnp.zeros(n, bool))

    def update(self, rows: Shaped[Array, "b *shape"], index: Int[Array, "b"]) -> "Rows":
        """The table with these rows added; a row that was already there is replaced.

        Args:
          rows: outputs for each image of a batch.
          index: place of each image, from 0. A row with an index out of range (the padding of a
            last batch) is left out.
        """
        n = len(self.filled)
        places = jnp.where(index < 0, n, index)  # a negative index would count from the end
        return Rows(
            self.table.at[places].set(rows.astype(self.table.dtype), mode="drop"),
            self.filled.at[places].set(True, mode="drop"),
        )

    def merge(self, other: "Rows") -> "Rows":
        """The rows of both; where both have one, the other's."""
        mask = other.filled.reshape(-1, *(1,) * (self.table.ndim - 1))
        table = jnp.where(mask, other.table, self.table)
        return Rows(table, self.filled | other.filled)

    def compute(self) -> Shaped[np.ndarray, "filled *shape"]:
        """The rows that were added, in the order of their places, on the host."""
        return np.asarray(self.table)[np.asarray(self.filled)]
