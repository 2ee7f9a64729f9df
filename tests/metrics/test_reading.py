"""Sets of features that are refused, and the line that says why."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import InputError
from jaxgan.metrics.reading import check_finite, read_pair

X = np.ones((4, 3))


def test_a_pair_is_on_the_device_in_float32():
    real, fake = read_pair(X, jnp.asarray(X[:2], jnp.bfloat16))
    assert real.dtype == fake.dtype == jnp.float32
    assert (real.shape, fake.shape) == ((4, 3), (2, 3))


@pytest.mark.parametrize(
    "real,fake,message",
    [
        (X[:0], X, "real: a set of 0 is too small; give at least 2"),
        (X, X[:1], "fake: a set of 1 is too small; give at least 2"),
        (X, X[:, 1:], "fake: features of 2 numbers cannot be compared with the real 3; use one"),
        (X * np.nan, X, "real: holds NaN or infinity; "),
        (X, X * 1e300, "fake: holds NaN or infinity; "),
    ],
)
def test_a_pair_that_cannot_be_compared(real, fake, message):
    with pytest.raises(InputError, match="^" + message), np.errstate(over="ignore"):
        read_pair(real, fake)


def test_numbers_on_the_host_and_on_the_device():
    for x in (X, jnp.asarray(X)):
        check_finite("x", x)
        with pytest.raises(InputError, match="x: holds NaN"):
            check_finite("x", x * np.inf)
