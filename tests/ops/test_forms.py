"""Every form of a face against JAX's transpose of the convolution."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxgan.ops import cpu_forms, forms, winograd
from jaxgan.ops.geometry import Geometry, convolution, turned

WAYS = [
    (7, 1, 16, 6, 2), (3, 1, 8, 6, 1), (4, 2, 16, 3, 6), (4, 2, 16, 5, 6), (4, 2, 8, 5, 6),
    (3, 2, 9, 5, 6), (4, 4, 4, 5, 6), (6, 3, 24, 5, 6), (5, 2, 16, 5, 6), (1, 2, 8, 5, 6),
    (2, 3, 9, 5, 6), (1, 1, 7, 5, 6), (4, 1, 7, 1, 6), (5, 1, 8, 5, 6), (7, 2, 7, 6, 1),
    (3, 1, 23, 128, 128), (3, 1, 23, 129, 128),
]  # fmt: skip
"""(kernel, stride, side, input channels, output channels)"""


def geometry_of(k, s, n, mirrored=False):
    padding = lax.padtype_to_pads((n, n), (k, k), (s, s), "SAME")
    return Geometry((n, n), (k, k), (s, s), tuple(padding), mirrored=mirrored)


def draw(*shape):
    return jnp.asarray(np.random.default_rng(sum(shape)).standard_normal(shape))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("k", "s", "n", "inputs", "outputs"), WAYS)
def test_every_form_equals_the_transposes_of_the_convolution(k, s, n, inputs, outputs, mirrored):
    geometry = geometry_of(k, s, n, mirrored)
    x, w = draw(2, n, n, inputs), draw(*geometry.kernel_shape(inputs, outputs))
    g = draw(2, -(-n // s), -(-n // s), outputs)

    @jax.jit
    def faces(x, g, w):
        found = (
            forms.forward(geometry, x, w),
            forms.backward_input(geometry, g, w),
            forms.backward_kernel(geometry, x, g),
        )
        upright = geometry._replace(mirrored=False)
        kernel = turned(w) if mirrored else w
        out, back = jax.vjp(lambda x, w: convolution(upright, x, w), x, kernel)
        gx, gw = back(g)
        return found, (out, gx, turned(gw) if mirrored else gw)

    for found, expected in zip(*faces(x, g, w), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("float64")
def test_winograds_rounding_error_in_float32_is_below_four_times_the_plain_forms():
    geometry = geometry_of(3, 1, 32)
    x, w = draw(1, 32, 32, 128), draw(3, 3, 128, 128)
    exact = convolution(geometry, x, w)
    plain, tiled = (
        float(jnp.std(form(geometry, *map(jnp.float32, (x, w))) - exact) / jnp.std(exact))
        for form in (convolution, winograd.forward)
    )
    assert 0 < plain < 1e-6
    assert tiled < 4 * plain


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("k", "s", "n", "inputs", "outputs"), [(3, 1, 8, 6, 9), (4, 2, 16, 6, 6)])
def test_groups_are_those_of_the_convolution_in_the_form_of_a_cpu(k, s, n, inputs, outputs):
    geometry = geometry_of(k, s, n)._replace(groups=3)
    x, w = draw(2, n, n, inputs), draw(*geometry.kernel_shape(inputs, outputs))
    g = draw(2, n // s, n // s, outputs)
    out, back = jax.vjp(lambda x, w: convolution(geometry, x, w), x, w)
    for form in (cpu_forms, forms):
        found = (
            form.forward(geometry, x, w),
            form.backward_input(geometry, g, w),
            form.backward_kernel(geometry, x, g),
        )
        for one, expected in zip(found, (out, *back(g)), strict=True):
            np.testing.assert_allclose(one, expected, rtol=1e-9, atol=1e-9)


def test_a_cpu_multiplies_the_zeros_between_groups():
    """Its own loop over groups is 10 times slower, and more in a gradient."""
    geometry = geometry_of(3, 1, 8)._replace(groups=3)
    args = geometry, jnp.zeros((2, 8, 8, 6)), jnp.zeros((3, 3, 2, 6))
    for platform in ("cpu", "cuda", "tpu"):
        groups = "feature_group_count = 3" in program(forms.forward, platform, *args)
        assert groups == (platform != "cpu")


def test_the_ways_above_take_every_form():
    taken = set()
    for k, s, n, inputs, outputs in WAYS:
        x, w = jnp.zeros((2, n, n, inputs)), jnp.zeros((k, k, inputs, outputs))
        g = jnp.zeros((2, -(-n // s), -(-n // s), outputs))
        taken.add(cpu_forms.backward_input_form(geometry_of(k, s, n), g, w))
        taken.add(cpu_forms.forward_form(geometry_of(k, s, n), x, w))
    names = {name for name in vars(cpu_forms) if name.startswith(("_backward_input", "_forward"))}
    others = {convolution, winograd.forward, winograd.backward_input}
    assert taken == {getattr(cpu_forms, name) for name in names} | others


def program(face, platform, geometry, *args):
    def run(*args):
        return face(geometry, *args)

    return jax.jit(run).trace(*args).lower(lowering_platforms=(platform,)).as_text()


def test_a_cpu_alone_has_forms_of_its_own():
    """No zeros between the pixels of g: they are multiplied by nothing."""
    args = geometry_of(4, 2, 8), jnp.zeros((2, 4, 4, 6)), jnp.zeros((4, 4, 5, 6))
    for platform in ("cpu", "cuda", "tpu"):
        over_zeros = "lhs_dilate = [2, 2]" in program(forms.backward_input, platform, *args)
        assert over_zeros == (platform != "cpu")


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_transposed_convolution_is_one_over_a_reversed_kernel(mirrored):
    """So XLA knows it as a gradient. A kernel that is turned twice keeps both turns."""
    geometry = geometry_of(4, 2, 8, mirrored)
    shape = geometry.kernel_shape(5, 6)
    arrays = jnp.zeros((2, 4, 4, 6)), jnp.zeros(shape)
    text = program(forms.transposed_input, "cuda", geometry, *arrays)
    assert "stablehlo.transpose" not in text
    (kernel,) = re.findall(r"stablehlo\.convolution\(%\w+, (%\w+)\).*lhs_dilate = \[2, 2\]", text)
    (before,) = re.findall(rf"{kernel} = stablehlo\.reverse (%\w+),", text)
    assert (f"{before} = stablehlo.optimization_barrier" in text) == mirrored


def test_xla_keeps_both_turns_of_a_kernel():
    """Without the barrier it keeps none; seen on a CPU, whose simplifier is a GPU's too."""
    geometry = geometry_of(4, 2, 8, mirrored=True)
    g, w = jnp.zeros((2, 4, 4, 6)), jnp.zeros(geometry.kernel_shape(5, 6))
    compiled = jax.jit(forms.transposed_input, static_argnums=0).lower(geometry, g, w).compile()
    assert compiled.as_text().count(" reverse(") == 2
