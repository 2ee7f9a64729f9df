"""Merges programs that differ only in numbers into one program, where each member picks its own.

Each function is traced as it is. So everything that its Python does with a number (``1 - b1``, a
schedule, a check) happens before the merge, and only literals of the traced program remain. Where
these differ, the merged program picks the member's literal. So member i computes what function i
computes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, Var

INLINED = ("jit", "closed_call", "core_call", "remat2", "custom_jvp_call", "custom_vjp_call")
"""Primitives whose inner program is evaluated in place; their derivative rules are not needed."""


class DifferenceError(ValueError):
    """Programs differ in more than numbers."""


def merged(functions: Sequence[Callable[..., Any]], member: Any) -> Callable[..., Any]:
    """A function that computes the same as ``functions[member]``.

    Args:
      functions: pure functions with one signature, whose programs differ only in numbers.
      member: a traced int32 scalar, such as the index of a member under ``jax.vmap``.

    Raises:
      DifferenceError: on the call, if shapes or operations differ.
    """

    def call(*args: Any) -> Any:
        traced = [jax.make_jaxpr(f, return_shape=True)(*args) for f in functions]
        programs, shapes = zip(*traced, strict=True)
        trees = {jax.tree.structure(shape) for shape in shapes}
        if len(trees) > 1:
            raise DifferenceError("the outputs have other parts")
        _differ(programs)
        values = _evaluate(programs, jax.tree.leaves(args), lambda own: _picked(own, member))
        return jax.tree.unflatten(trees.pop(), values)

    return call


Pick = Callable[[Sequence[Any]], Any]
"""Function from the numbers of all members to the number of the member that is computed."""


def _picked(numbers: Sequence[Any], member: Any) -> Any:
    """The member's number, or the number itself if all are equal."""
    if all(_equal(numbers[0], other) for other in numbers[1:]):
        return numbers[0]
    return jnp.stack([jnp.asarray(number) for number in numbers])[member]


def _equal(a: Any, b: Any) -> bool:
    """Whether two constants are equal, bit for bit."""
    if a is b:
        return True
    a, b = (np.asarray(jax.random.key_data(x) if _is_key(x) else x) for x in (a, b))
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def _is_key(x: Any) -> bool:
    return isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jax.dtypes.prng_key)


# Comparing.


def _differ(programs: Sequence[ClosedJaxpr | Jaxpr]) -> bool:
    """Whether programs differ in a number.

    Raises:
      DifferenceError: they differ in more than numbers.
    """
    first, found = programs[0], False
    for other in programs[1:]:
        names: dict[Var, Var] = {}
        (a, a_consts), (b, b_consts) = _parts(first), _parts(other)
        _bind(a.constvars + a.invars, b.constvars + b.invars, names)
        if len(a.eqns) != len(b.eqns):
            raise DifferenceError(f"{len(a.eqns)} operations and {len(b.eqns)}")
        found |= any(not _equal(x, y) for x, y in zip(a_consts, b_consts, strict=True))
        for one, two in zip(a.eqns, b.eqns, strict=True):
            found |= _operands_differ(one.invars, two.invars, names)
            found |= _parameters_differ(one, two)
            _bind(one.outvars, two.outvars, names)
        found |= _operands_differ(a.outvars, b.outvars, names)
    return found


def _parts(program: ClosedJaxpr | Jaxpr) -> tuple[Jaxpr, Sequence[Any]]:
    """The operations and the constants of a program."""
    if isinstance(program, ClosedJaxpr):
        return program.jaxpr, program.consts
    return program, ()


def _bind(own: Sequence[Var], others: Sequence[Var], names: dict[Var, Var]) -> None:
    """Records which variables of two programs correspond."""
    if [v.aval.str_short() for v in own] != [v.aval.str_short() for v in others]:
        raise DifferenceError("arrays of other shapes")
    names.update(zip(others, own, strict=True))


def _operands_differ(own: Sequence[Any], others: Sequence[Any], names: dict[Var, Var]) -> bool:
    """Whether any literal differs between the operands of two operations."""
    found = False
    if len(own) != len(others):
        raise DifferenceError("operations of other operands")
    for a, b in zip(own, others, strict=True):
        literal = isinstance(a, Literal)
        if literal != isinstance(b, Literal) or a.aval.str_short() != b.aval.str_short():
            raise DifferenceError("operations of other operands")
        if not literal and names[b] is not a:
            raise DifferenceError("operations of other operands")
        found |= literal and not _equal(a.val, b.val)
    return found


def _parameters_differ(one: JaxprEqn, two: JaxprEqn) -> bool:
    """Whether any number differs between the inner programs of two operations."""
    if one.primitive is not two.primitive or one.params.keys() != two.params.keys():
        raise DifferenceError(f"the operations {one.primitive} and {two.primitive}")
    found = False
    for name, value in one.params.items():
        other = two.params[name]
        own, others = _programs(value), _programs(other)
        if own and len(own) == len(others):
            found |= any(list(map(_differ, zip(own, others, strict=True))))  # compares all
        elif not (callable(value) or _is_rule(one)) and not _same_parameter(value, other):
            raise DifferenceError(f"{one.primitive} with {name} {value} and {other}")
    if found and str(one.primitive) not in (*INLINED, *_CONTROL):
        raise DifferenceError(f"numbers within {one.primitive}")
    return found


def _programs(parameter: Any) -> list[ClosedJaxpr | Jaxpr]:
    """The programs in a parameter of an operation."""
    items = parameter if isinstance(parameter, tuple | list) else (parameter,)
    return [item for item in items if isinstance(item, ClosedJaxpr | Jaxpr)]


def _is_rule(eqn: JaxprEqn) -> bool:
    """Whether an operation's other parameters are rules for its derivatives."""
    return str(eqn.primitive) in ("custom_jvp_call", "custom_vjp_call")


def _same_parameter(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray | jax.Array):
        return _equal(a, b)
    return a is b or bool(a == b)


# Evaluating.


def _evaluate(programs: Sequence[ClosedJaxpr | Jaxpr], inputs: Sequence[Any], pick: Pick) -> list:
    """The outputs of the member's program; :func:`_differ` has already compared the programs."""
    bodies, constants = zip(*map(_parts, programs), strict=True)
    body, values = bodies[0], {}
    values |= zip(body.constvars, map(pick, zip(*constants, strict=True)), strict=True)
    values |= zip(body.invars, inputs, strict=True)

    def read(operands: Sequence[Any]) -> Any:
        literal = isinstance(operands[0], Literal)
        return pick([x.val for x in operands]) if literal else values[operands[0]]

    for eqns in zip(*(b.eqns for b in bodies), strict=True):
        first = eqns[0]
        operands = [read(own) for own in zip(*(eqn.invars for eqn in eqns), strict=True)]
        with first.ctx.manager:
            outputs = _applied(eqns, operands, pick)
        values |= zip(first.outvars, outputs, strict=True)
    return [read(own) for own in zip(*(b.outvars for b in bodies), strict=True)]


def _applied(eqns: Sequence[JaxprEqn], operands: list[Any], pick: Pick) -> Sequence[Any]:
    """The outputs of one operation."""
    first, name = eqns[0], str(eqns[0].primitive)
    if any(_parameters_differ(first, other) for other in eqns[1:]):
        if name in _CONTROL:
            return _CONTROL[name](eqns, operands, pick)
        key = "jaxpr" if "jaxpr" in first.params else "call_jaxpr"
        return _evaluate([eqn.params[key] for eqn in eqns], operands, pick)
    found = first.primitive.bind(*operands, **first.primitive.get_bind_params(first.params))
    return found if first.primitive.multiple_results else [found]


def _scan(eqns: Sequence[JaxprEqn], operands: list[Any], pick: Pick) -> Sequence[Any]:
    own = eqns[0].params
    n, carried = _counts(own)
    end = n + carried
    programs = [eqn.params["jaxpr"] for eqn in eqns]

    def body(carry: list[Any], slices: list[Any]) -> tuple[list[Any], list[Any]]:
        found = _evaluate(programs, [*operands[:n], *carry, *slices], pick)
        return found[:carried], found[carried:]

    length, reverse = own["length"], own["reverse"]
    carry, stacked = jax.lax.scan(body, operands[n:end], operands[end:], length, reverse)
    return [*carry, *stacked]


def _counts(parameters: dict[str, Any]) -> tuple[int, int]:
    """The number of constants and of carried arrays of a scan, as JAX 0.10 and 0.12 store them."""
    if "num_consts" in parameters:
        return parameters["num_consts"], parameters["num_carry"]
    constants, carry, _ = parameters["ft_in"].unpack()
    return len(constants), len(carry)


def _while(eqns: Sequence[JaxprEqn], operands: list[Any], pick: Pick) -> Sequence[Any]:
    n = eqns[0].params["cond_nconsts"]
    end = n + eqns[0].params["body_nconsts"]

    def goes_on(carry: list[Any]) -> Any:
        return _evaluate([e.params["cond_jaxpr"] for e in eqns], [*operands[:n], *carry], pick)[0]

    def body(carry: list[Any]) -> list[Any]:
        return _evaluate([e.params["body_jaxpr"] for e in eqns], [*operands[n:end], *carry], pick)

    return jax.lax.while_loop(goes_on, body, operands[end:])


def _cond(eqns: Sequence[JaxprEqn], operands: list[Any], pick: Pick) -> Sequence[Any]:
    branches = zip(*(eqn.params["branches"] for eqn in eqns), strict=True)
    functions = [
        lambda *inputs, programs=programs: _evaluate(programs, inputs, pick)
        for programs in branches
    ]
    return jax.lax.switch(operands[0], functions, *operands[1:])


_CONTROL = {"scan": _scan, "while": _while, "cond": _cond}
"""Operations with inner programs, rebuilt from the member's programs."""
