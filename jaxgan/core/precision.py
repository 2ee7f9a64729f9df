"""The precision of float32 products as part of a method, so that every compiled program uses it."""

import functools
from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

import jax

from jaxgan.core.algorithm import Algorithm
from jaxgan.errors import InputError

Precision: TypeAlias = Literal["default", "high", "highest"]
"""JAX's name for the precision of float32 matrix products and convolutions."""


def at_precision(algorithm: Algorithm, precision: Precision) -> Algorithm:
    """The algorithm, with all its functions traced at the given precision.

    ``default`` leaves JAX's own setting in force. A product that specifies its precision keeps it.

    Raises:
      InputError: there is no such precision.
    """
    if precision not in get_args(Precision):
        raise InputError(
            f"precision: there is no {precision!r}; use one of {', '.join(get_args(Precision))}"
        )
    if precision == "default":
        return algorithm

    def traced(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with jax.default_matmul_precision(precision):
                return function(*args, **kwargs)

        return call

    functions = {
        name: function._replace(apply=traced(function.apply))
        for name, function in algorithm.functions.items()
    }
    return algorithm._replace(
        init=traced(algorithm.init),
        step=traced(algorithm.step),
        functions=functions,
        show=traced(algorithm.show),
        measure=algorithm.measure and traced(algorithm.measure),
    )
