"""Programs that differ in numbers, as one, against each of them alone."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.core.merged import DifferenceError, merged

NUMBERS = [0.2, 0.3, 0.5]
INPUTS = jnp.asarray([1.0, 2.0, 0.3])


def arithmetic(c):
    return lambda x: x * c + c**2 / (1 - c) - jnp.where(x > c, c, 1.0)


def array(c):
    return lambda x: (x * jnp.asarray([c, 1.0, 2 * c])).sum()


def scanned(c):
    def body(carry, y):
        return carry * c + y, carry - c

    return lambda x: jax.lax.scan(body, x, jnp.arange(4.0), reverse=True)


def repeated(c):
    return lambda x: jax.lax.while_loop(lambda y: y < 1 + c, lambda y: y + c, x)


def branched(c):
    return lambda x: jax.lax.cond(x > 0.9, lambda y: y * c, lambda y: y - c, x)


def nested(c):
    def body(carry, _):
        return jax.lax.cond(carry > 1, lambda y: y * c, lambda y: y + c, carry), ()

    return lambda x: jax.jit(lambda y: jax.lax.scan(body, y, length=3)[0])(x)


def differentiated(c):
    return jax.value_and_grad(lambda x: jax.nn.relu(x - c) * jax.nn.leaky_relu(-x, c))


def with_own_derivative(c):
    @jax.custom_vjp
    def f(x):
        return x * c

    f.defvjp(lambda x: (x * c, None), lambda _, g: (g * 2,))
    return lambda x: f(jax.checkpoint(lambda y: jnp.sin(y) * c)(x))


def rule(c):
    tx = optax.adam(1e-3, b1=c)
    return lambda x: tx.update({"w": x}, tx.init({"w": x}))


@pytest.mark.parametrize(
    "make",
    [
        arithmetic, array, scanned, repeated, branched, nested, differentiated,
        with_own_derivative, rule,
    ],
)  # fmt: skip
def test_each_member_computes_what_its_function_does(make):
    functions = [make(c) for c in NUMBERS]
    program = jax.jit(jax.vmap(lambda i, x: merged(functions, i)(x)))
    found = program(jnp.arange(len(functions)), INPUTS)
    for i, function in enumerate(functions):
        own = jax.tree.map(lambda leaf, i=i: leaf[i], found)
        expected = jax.jit(function)(INPUTS[i])
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), own, expected)


def keyed(seed):
    return lambda x: x + jax.random.normal(jax.random.key(seed))


def test_what_is_the_same_for_all_is_picked_from_nothing():
    program = jax.make_jaxpr(lambda i, x: merged([keyed(3), keyed(3)], i)(x))
    assert "gather" not in str(program(0, 1.0))
    different = jax.make_jaxpr(lambda i, x: merged([keyed(3), keyed(4)], i)(x))
    assert "slice" in str(different(0, 1.0)) or "gather" in str(different(0, 1.0))


def switched(c):
    return lambda x: x * c if c else x


def summed(c):
    return lambda x: sum(x**2 for _ in range(int(10 * c)))


def shaped(c):
    return lambda x: jnp.full(int(10 * c), x)


def length(c):
    return lambda x: jax.lax.scan(lambda y, _: (y + 1, ()), x, length=int(10 * c))[0]


def swapped(c):
    return lambda x: jnp.sin(x) - jnp.cos(x) if c > 0.25 else jnp.cos(x) - jnp.sin(x)


def crossed(c):
    def f(x):
        a, b = jnp.sin(x), jnp.sin(2.0 * x)
        return a - b if c > 0.25 else b - a

    return f


def named(c):
    return lambda x: {f"{c}": x}


@pytest.mark.parametrize("make", [switched, summed, shaped, length, swapped, crossed, named])
def test_more_than_numbers_is_refused(make):
    functions = [make(0.2 if make is not switched else 0.0), make(0.3)]
    with pytest.raises(DifferenceError):
        merged(functions, 0)(1.0)
