"""Accuracy, intersection over union (IoU) and Dice of classified examples or pixels."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float, Int, Integer, Num

from jaxgan.errors import InputError
from jaxgan.metrics.compensated import Sum

_HALF = 12
"""Number of low bits of a count that are added separately: both parts of an int32 are then exact in
float32."""


class Confusion(struct.PyTreeNode):
    """Counts by true class (rows) and predicted class (columns), exact up to 2^47.

    A true class that is below 0 or above the last (255 in many masks) is not counted.
    """

    counts: Sum
    names: tuple[str, ...] = struct.field(pytree_node=False)

    @classmethod
    def create(cls, classes: int | Sequence[str]) -> "Confusion":
        """Counts at 0.

        Args:
          classes: number of classes, or their names, which are used in the results.
        """
        names = map(str, range(classes)) if isinstance(classes, int) else classes
        names = tuple(names)
        return cls(Sum.zeros(len(names), len(names)), names)

    def update(
        self,
        predicted: Num[Array, "*shape"],
        true: Integer[Array, "b *pixels"],
        weight: Num[Array, "b"] | None = None,
    ) -> "Confusion":
        """The counts, with these examples added.

        Args:
          predicted: class indices like ``true``, or logits or probabilities with one more axis.
          true: class indices of examples (b,), or of their pixels (b, h, w).
          weight: 0 leaves an example out; anything else counts it once.

        Raises:
          InputError: the shapes do not match.
        """
        found, n = self._classified(predicted, true), len(self.names)
        kept = (true >= 0) & (true < n) & (found >= 0) & (found < n)
        if weight is not None:
            kept &= weight.reshape(-1, *(1,) * (true.ndim - 1)) != 0
        cell = jnp.where(kept, true.astype(jnp.int32) * n + found.astype(jnp.int32), n * n)
        counts = jnp.zeros(n * n, jnp.int32).at[cell.reshape(-1)].add(1, mode="drop")
        high, low = counts >> _HALF << _HALF, counts & ((1 << _HALF) - 1)
        total = self.counts
        for part in (high, low):
            total = total.add(part.reshape(n, n).astype(jnp.float32))
        return self.replace(counts=total)

    def _classified(
        self, predicted: Num[Array, "*shape"], true: Integer[Array, "*own"]
    ) -> Int[Array, "*own"]:
        n = len(self.names)
        if predicted.shape == (*true.shape, n):
            return predicted.argmax(-1)
        if predicted.shape == true.shape and jnp.issubdtype(predicted.dtype, jnp.integer):
            return predicted.astype(jnp.int32)
        raise InputError(
            f"predicted: {predicted.dtype} of {predicted.shape} beside true classes of"
            f" {true.shape}; give class indices of that shape, or {(*true.shape, n)}"
        )

    def merge(self, other: "Confusion") -> "Confusion":
        """The counts of the examples of both."""
        return self.replace(counts=self.counts.merge(other.counts))

    def matrix(self) -> Float[np.ndarray, "classes classes"]:
        """The counts, as whole numbers in float64."""
        return self.counts.compute()

    def compute(self) -> dict[str, Any]:
        """``mean_iou``, ``mean_dice``, ``accuracy``, ``majority_share``, and IoU and Dice by class.

        ``iou/NAME`` of a class is tp / (tp + fp + fn), and ``dice/NAME`` is 2 tp / (2 tp + fp +
        fn). A class that is never true or predicted has no entry and does not enter the means.
        ``majority_share`` is the fraction of the most frequent true class: the accuracy of a
        constant prediction.

        Raises:
          InputError: nothing was counted.
        """
        counts = self.matrix()
        if not counts.any():
            raise InputError("true: no class was counted; give class indices from 0")
        right, true = counts.diagonal(), counts.sum(1)
        both = counts.sum(0) + true
        found = both > 0
        iou, dice = right[found] / (both - right)[found], 2 * right[found] / both[found]
        names = [name for name, here in zip(self.names, found, strict=True) if here]
        return {
            "mean_iou": float(iou.mean()),
            "mean_dice": float(dice.mean()),
            "accuracy": float(right.sum() / counts.sum()),
            "majority_share": float(true.max() / counts.sum()),
            **{f"iou/{name}": float(value) for name, value in zip(names, iou, strict=True)},
            **{f"dice/{name}": float(value) for name, value in zip(names, dice, strict=True)},
        }
