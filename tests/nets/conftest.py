import math
from functools import partial

import jax
import jaxtyping
import numpy as np
import pytest

KEY = jax.random.key(0, impl="rbg")
QUICK = {"xla_backend_optimization_level": 0}  # most of these tests' time is compilation
STATE = ("batch_stats", "spectral", "intermediates")


@pytest.fixture(autouse=True)
def _no_silent_broadcasts():
    with jax.numpy_rank_promotion("raise"):
        yield


@pytest.fixture
def unchecked(monkeypatch):
    """Without the tests' own type checks: what a user sees."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.fixture
def run():
    """``run(net, x, labels, train) -> (output, variables, new state)``, from fresh variables."""

    def run(net, x, labels=None, train=True, variables=None):
        if variables is None:
            variables = jax.jit(net.init, compiler_options=QUICK)(KEY, x, labels)
        apply = jax.jit(partial(net.apply, train=train, mutable=STATE), compiler_options=QUICK)
        out, state = apply(variables, x, labels)
        return out, variables, state

    return run


@pytest.fixture
def count():
    """The number of parameters of a network, without computing them."""

    def count(net, *shape, labels=None):
        x = np.zeros((2, *shape), np.float32)
        variables = jax.eval_shape(net.init, jax.random.key(0), x, labels)
        return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(variables["params"]))

    return count


@pytest.fixture
def images():
    def images(*shape, seed=0):
        return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)

    return images
