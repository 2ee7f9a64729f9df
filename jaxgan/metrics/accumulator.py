"""The interface of everything that is accumulated batch by batch."""

from typing import Any, Protocol

import numpy as np


class Accumulator(Protocol):
    """A pytree of arrays whose shapes do not depend on the batch.

    An accumulator that keeps one row per example also has ``placed(places, n)``. It puts the rows
    at their places among the n examples of the whole set, before the merge.
    """

    def merge(self, other: Any) -> Any:
        """The accumulator of the examples of both."""
        ...

    def compute(self) -> Any:
        """The result, on the host: a number, or numbers by name."""
        ...


def numbers(accumulators: dict[str, Any]) -> dict[str, float]:
    """Results of accumulators, in their order; numbers by name are called ``NAME/KEY``.

    Raises:
      ValueError: a result is neither a number nor a dict of numbers.
    """
    found = {}
    for name, accumulator in accumulators.items():
        result = accumulator.compute()
        parts = result if isinstance(result, dict) else {"": result}
        for key, value in parts.items():
            if np.ndim(value) or not isinstance(value, int | float | np.number | np.ndarray):
                raise ValueError(
                    f"{name}: {type(accumulator).__name__}.compute() gives"
                    f" {type(result).__name__}; return a number or a dict of numbers"
                )
            found[f"{name}/{key}" if key else name] = float(value)
    return found
