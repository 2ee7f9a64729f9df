"""Images by functions that draw: what they depend on, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.core import Feature, Function
from jaxgan.errors import InputError
from jaxgan.measure.generated import (
    CHUNK,
    chunk_sampler,
    classes_of,
    drawing_function,
    draws_images,
    labels_of,
)

IMAGE, LABEL = Feature("image", (2, 2, 1)), Feature("label", (), 3)


def sample(weights, inputs, key):
    """Noise, brighter by the label."""
    noise = jax.random.uniform(key, (inputs["n"], 2, 2, 1), maxval=0.1)
    label = inputs.get("label", jnp.zeros(inputs["n"]))
    return (
        noise
        + weights["generator"]["params"] * (label.astype(jnp.float32) / 4)[:, None, None, None]
    )


CONDITIONAL = Function(sample, ("label",), IMAGE)
WEIGHTS = {"generator": {"params": jnp.float32(1.0)}}


def test_an_image_depends_on_seed_place_and_label():
    assert classes_of(CONDITIONAL, {"image": IMAGE, "label": LABEL}) == 3
    sampler = chunk_sampler(CONDITIONAL, 3, seed=1)
    images = sampler(WEIGHTS, 1)
    assert (images.shape, images.dtype) == ((CHUNK, 2, 2, 1), np.uint8)
    np.testing.assert_array_equal(images, chunk_sampler(CONDITIONAL, 3, seed=1)(WEIGHTS, 1))
    assert (images != chunk_sampler(CONDITIONAL, 3, seed=2)(WEIGHTS, 1)).any()
    assert (images != sampler(WEIGHTS, 0)).any()
    labels = labels_of(np.arange(CHUNK, 2 * CHUNK), 3)
    assert labels[:4].tolist() == [1, 2, 0, 1]
    twos = chunk_sampler(CONDITIONAL, 3, seed=1, label=2)(WEIGHTS, 1)
    np.testing.assert_array_equal(twos[labels == 2], images[labels == 2])
    assert (twos[labels != 2] > images[labels != 2]).all()


def test_a_function_without_labels_is_given_none():
    function = Function(sample, (), IMAGE)
    assert classes_of(function, {"image": IMAGE, "label": LABEL}) == 0
    assert chunk_sampler(function)(WEIGHTS, 0).max() <= 141  # no label makes it brighter


def test_what_is_not_an_image_stays_as_it_is():
    def codes(weights, inputs, key):
        del weights
        return jax.random.normal(key, (inputs["n"], 5))

    found = chunk_sampler(Function(codes, (), Feature("array", (5,))))(WEIGHTS, 0)
    assert (found.shape, found.dtype) == ((CHUNK, 5), np.float32)


@pytest.mark.parametrize("label,known", [(3, "0 to 2"), (-1, "0 to 2")])
def test_an_unknown_label(label, known):
    with pytest.raises(InputError, match=rf"label: {label} is not a class of this run \({known}"):
        chunk_sampler(CONDITIONAL, 3, label=label)
    with pytest.raises(InputError, match="it is not conditional"):
        chunk_sampler(Function(sample, (), IMAGE), label=0)


def test_the_function_that_draws():
    maps = Function(sample, ("image",), IMAGE)
    array = Function(sample, (), Feature("array", (5,)))
    functions = {"ab": maps, "codes": array, "sample": CONDITIONAL}
    assert drawing_function(functions) == ("sample", CONDITIONAL)
    assert draws_images(functions)
    for has, message in (
        ({"ab": maps, "ba": maps}, "draws nothing; it has the apply functions ab, ba: use python"),
        ({"codes": array}, "draws no images; it has the function codes"),
        ({}, "draws nothing and has no functions"),
    ):
        assert not draws_images(has)
        with pytest.raises(InputError, match=f"^run: it {message}"):
            drawing_function(has)
    with pytest.raises(InputError, match="function: it takes image and draws nothing"):
        chunk_sampler(maps)
