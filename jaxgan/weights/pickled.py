"""A pickle as plain data: its calls are recorded, and none is made.

A pickle is a program for a stack machine. Python's own machine calls whatever functions a file
names. This one builds dicts, lists, tuples, strings, bytes and numbers, and puts a record in place
of every function, call and object. It knows only the instructions that such a file needs, and
refuses all others.
"""

import pickletools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from jaxgan.errors import InputError
from jaxgan.weights.torch_file import shown


@dataclass(frozen=True)
class Name:
    """A function or class that a pickle names."""

    path: str
    """Module and name, joined by a dot."""


@dataclass(eq=False)
class Call:
    """An object that a pickle would create by calling a function or class."""

    function: str
    """Module and name of the function, joined by a dot."""
    args: tuple[Any, ...]
    """Arguments of the call."""
    state: Any = None
    """Argument of the object's ``__setstate__``; None: there is no such call."""
    items: dict[Any, Any] = field(default_factory=dict)
    """Items that the pickle sets on the object, by key."""


def read_pickle(file: Any, name: str) -> Any:
    """The object in a pickle of protocol 3 to 5, with records in place of its calls.

    Args:
      file: a binary file, or a memory map of one.
      name: the file's name, for errors.

    Raises:
      InputError: there is an instruction that data do not need.
      Exception: the file is damaged; see :func:`jaxgan.weights.torch_file.readable`.
    """
    machine = _Machine()
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name == "STOP":
            return machine.stack.pop()
        act = _ACTS.get(opcode.name)
        if act is None:
            raise InputError(
                f"weights: {name} has the pickle instruction {shown(opcode.name)}, which weights"
                " do not need; nothing of it was run"
            )
        act(machine, argument)
    raise ValueError("the pickle has no end")


class _Machine:
    """The stack, the positions of its marks, and the memo of stored objects."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def pop(self, count: int) -> list[Any]:
        """Removes and returns the last ``count`` objects, which must be above the last mark."""
        if len(self.stack) - count < (self.marks[-1] if self.marks else 0):
            raise ValueError("the pickle's stack is empty")
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def pop_mark(self) -> list[Any]:
        """Removes and returns the objects above the last mark."""
        taken = self.pop(len(self.stack) - self.marks[-1])
        self.marks.pop()
        return taken


def _push(machine: _Machine, argument: Any) -> None:
    machine.stack.append(argument)


def _constant(make: Callable[[], Any]) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(make())


def _nothing(machine: _Machine, argument: Any) -> None:
    """Does nothing: protocol and frames do not affect the object."""


def _mark(machine: _Machine, _: Any) -> None:
    machine.marks.append(len(machine.stack))


def _tuple(count: int) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(tuple(machine.pop(count)))


def _marked_tuple(machine: _Machine, _: Any) -> None:
    machine.stack.append(tuple(machine.pop_mark()))


def _append(machine: _Machine, _: Any) -> None:
    _extend(machine, machine.pop(1))


def _appends(machine: _Machine, _: Any) -> None:
    _extend(machine, machine.pop_mark())


def _extend(machine: _Machine, values: Iterable[Any]) -> None:
    (target,) = machine.pop(1)
    if not isinstance(target, list):
        raise TypeError("the pickle appends to something else than a list")
    target.extend(values)
    machine.stack.append(target)


def _set_item(machine: _Machine, _: Any) -> None:
    _update(machine, machine.pop(2))


def _set_items(machine: _Machine, _: Any) -> None:
    _update(machine, machine.pop_mark())


def _update(machine: _Machine, pairs: list[Any]) -> None:
    (target,) = machine.pop(1)
    items = target.items if isinstance(target, Call) else target
    if not isinstance(items, dict) or not all(isinstance(key, _KEYS) for key in pairs[::2]):
        raise TypeError("the pickle puts items into something else than a dict")
    items.update(zip(pairs[::2], pairs[1::2], strict=True))
    machine.stack.append(target)


def _put(machine: _Machine, place: Any) -> None:
    machine.memo[place] = machine.stack[-1]


def _memoize(machine: _Machine, _: Any) -> None:
    machine.memo[len(machine.memo)] = machine.stack[-1]


def _get(machine: _Machine, place: Any) -> None:
    machine.stack.append(machine.memo[place])


def _global(machine: _Machine, argument: Any) -> None:
    machine.stack.append(Name(argument.replace(" ", ".", 1)))


def _stack_global(machine: _Machine, _: Any) -> None:
    module, name = machine.pop(2)
    machine.stack.append(Name(f"{module + ''}.{name + ''}"))


def _call(machine: _Machine, _: Any) -> None:
    function, args = machine.pop(2)
    if not isinstance(function, Name) or not isinstance(args, tuple):
        raise TypeError("the pickle calls something else than a function")
    machine.stack.append(Call(function.path, args))


def _build(machine: _Machine, _: Any) -> None:
    target, state = machine.pop(2)
    if not isinstance(target, Call):
        raise TypeError("the pickle gives a state to something else than an object")
    target.state = state
    machine.stack.append(target)


_KEYS = (str, int, float, bool, type(None))

_ACTS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME"), _nothing),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), _push),
    **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"), _push),
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"), _push),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _put),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _get),
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _call),
    "NONE": _constant(lambda: None),
    "NEWTRUE": _constant(lambda: True),
    "NEWFALSE": _constant(lambda: False),
    "EMPTY_TUPLE": _constant(tuple),
    "EMPTY_LIST": _constant(list),
    "EMPTY_DICT": _constant(dict),
    "EMPTY_SET": _constant(list),  # A list, since records among its members have no hash.
    "MARK": _mark,
    "TUPLE": _marked_tuple,
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "APPEND": _append,
    "APPENDS": _appends,
    "ADDITEMS": _appends,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "MEMOIZE": _memoize,
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "BUILD": _build,
}
