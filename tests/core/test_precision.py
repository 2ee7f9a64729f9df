"""Products at the precision of the run, in every function of a method."""

import jax
import jax.numpy as jnp
import jaxtyping
import pytest

from jaxgan.core import Leg, advance
from jaxgan.core.leg import legs
from jaxgan.core.precision import at_precision
from jaxgan.errors import InputError
from tests.small import ALGORITHMS, PAIRS, SPEC

KEY = jax.random.key(0)


def products(function, *args, platform="cpu"):
    """The lines of all matrix products and convolutions in the lowered program."""
    traced = jax.jit(function).trace(*args)
    text = traced.lower(lowering_platforms=(platform,)).as_text()
    found = [x for x in text.splitlines() if "dot_general" in x or "stablehlo.convolution" in x]
    assert found
    return found


@pytest.mark.parametrize("platform", ["cpu", "cuda"])
def test_every_product_of_a_step_has_the_precision(platform):
    """Those of the penalty's second derivatives too, through the convolutions' own rules."""
    algorithm = at_precision(ALGORITHMS["wgan_gp"].build(SPEC), "highest")
    batch = SPEC.batch(4, algorithm.batches_per_step)
    like = jax.eval_shape(algorithm.init, KEY, batch)
    found = products(advance(algorithm), like, batch, KEY, platform=platform)
    assert all("HIGHEST" in line for line in found)


def test_the_functions_sheets_and_measures_of_a_run_have_it_too():
    plain = ALGORITHMS["cyclegan"].build(PAIRS)
    (leg,) = legs(plain, PAIRS.steps, "highest")
    algorithm, batch = leg.algorithm, PAIRS.batch(2)
    weights = jax.eval_shape(lambda: algorithm.init(KEY, batch).weights())
    assert algorithm.functions.keys() == plain.functions.keys()
    images = {"a": jnp.zeros((2, 8, 8, 3))}
    for function, *args in [
        (algorithm.functions["ab"].apply, weights, images, KEY),
        (algorithm.show, weights, batch, KEY),
        (algorithm.measure, weights, batch, KEY),
    ]:
        assert all("HIGHEST" in line for line in products(function, *args))


def test_the_default_is_jaxs_own_and_legs_keep_their_other_fields():
    algorithm = ALGORITHMS["gan"].build(SPEC)
    assert at_precision(algorithm, "default") is algorithm
    built = [Leg(algorithm, 3, {"batch_size": 4}), Leg(algorithm, 2)]
    assert legs(built, 5) == built
    assert [leg[1:] for leg in legs(built, 5, "high")] == [leg[1:] for leg in built]


def test_an_unknown_precision_is_one_line(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as for a user
    with pytest.raises(InputError, match="precision: there is no 'higest'; use one of default"):
        at_precision(ALGORITHMS["gan"].build(SPEC), "higest")
