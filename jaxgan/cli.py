"""Command lines: fields of a config or command, set by name, and one-line errors."""

import ast
import contextlib
import dataclasses
import inspect
import io
import itertools
import sys
import textwrap
import traceback
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import flax.linen as nn
import jax
import tyro

import jaxgan
from jaxgan.errors import InputError, did_you_mean
from jaxgan.run import configs
from jaxgan.run.config import Run, stated
from jaxgan.run.configs import find_config
from jaxgan.system import processes

A = TypeVar("A")

DEFAULT = "cgan_digits"
"""Name of the config that ``jaxgan train`` runs without arguments."""

WORDS = {int: "a whole number", float: "a number", bool: "True or False", type(None): "None"}
"""Names of types in error messages."""

HELP = ("-h", "--help")

_ARG = type(tyro.conf.arg())


@dataclass(frozen=True)
class Training(Generic[A]):
    """Trains; CONFIG is a name of jaxgan's configs or a FILE.py, cgan_digits by default."""

    run: Annotated[Run[A], tyro.conf.arg(name="")]
    """One experiment: the fields of the config."""
    fresh: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Deletes what an earlier run left in the run directory, and starts anew."""
    dry_run: Annotated[bool, tyro.conf.arg(aliases=["--dry-run"]), tyro.conf.FlagCreatePairsOff] = (
        False
    )
    """Dry run: prints the config, parameters, memory and FLOPs of a step, and trains nothing."""


def parse_training(args: Sequence[str]) -> Training:
    """Parses ``[CONFIG] [--field value ...]``: a config with some fields set by name."""
    named = bool(args) and not args[0].startswith("-")
    run = find_config(args[0] if named else DEFAULT)
    kind = Training[type(run.algorithm)]  # pyright: ignore
    return parse(kind, Training(run), args[named:], "jaxgan train [CONFIG]")


def parse(kind: Any, default: Any, args: Sequence[str], prog: str) -> Any:
    """Parses a ``kind`` from the command line; fields that are not set are those of ``default``.

    A field that may be one of several dataclasses has the fields of its default's type.

    Raises:
      InputError: one line; for an unknown field it suggests the nearest name.
    """
    asked = bool({*HELP} & {*args})
    known = dict(_fields(kind if default is None else default))
    _check_names(args, known)
    try:
        with _nets, contextlib.redirect_stderr(io.StringIO()):
            value, unknown = tyro.cli(
                kind,
                args=["--help"] if asked else list(args),
                prog=prog,
                default=tyro.MISSING_NONPROP if default is None else default,
                return_unknown_args=True,
                use_underscores=True,
                config=(tyro.conf.AvoidSubcommands,),
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise _reason(stop, args, known) from None
    if unknown:
        raise InputError(f"{unknown[0]}: stands where no value is expected; leave it out")
    return value


class _Field(NamedTuple):
    """One field of a command line."""

    kind: Any
    """Type of its value; None: a flag without a value."""
    required: bool = False
    positional: bool = False


def _fields(value: Any, prefix: str = "") -> Iterator[tuple[str, _Field]]:
    """``(--flag, field)`` for each field of a dataclass (or its type) or net; nested: dotted."""
    cls = value if isinstance(value, type) else type(value)
    hints = typing.get_type_hints(cls, include_extras=True)
    for f in stated(value):
        default = _default(f) if isinstance(value, type) else getattr(value, f.name)
        kind, marks = hints[f.name], ()
        if typing.get_origin(kind) is Annotated:
            kind, *marks = typing.get_args(kind)
        names = [getattr(mark, "name", None) for mark in marks if isinstance(mark, _ARG)]
        name = next((name for name in names if name is not None), f.name)
        if dataclasses.is_dataclass(default):
            inner = f"{prefix}{name}." if name else prefix
            yield from _fields(default, inner)
        elif kind is bool:
            yield f"--{prefix}{name}", _Field(None)
            if tyro.conf.FlagCreatePairsOff not in marks:
                yield f"--{prefix}no_{name}", _Field(None)
        else:
            required = default is dataclasses.MISSING
            yield f"--{prefix}{name}", _Field(kind, required, tyro.conf.Positional in marks)


def _default(field: dataclasses.Field) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _groups(args: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """``(--flag, its values)`` for each flag, with underscores instead of hyphens."""
    flag, values = "", []
    for arg in args:
        if arg.startswith("--"):
            if flag:
                yield flag, values
            name, equals, value = arg.partition("=")
            flag, values = f"--{name[2:].replace('-', '_')}", [value] if equals else []
        else:
            values.append(arg)
    if flag:
        yield flag, values


def _check_names(args: Sequence[str], known: dict[str, _Field]) -> None:
    for flag, values in _groups(args):
        first = values[0] if values else ""
        if flag in known:
            if known[flag].kind is None and first.lower() in ("true", "false"):
                other = next((name for name in known if name == _opposite(flag)), "leave it out")
                raise InputError(f"{flag}: takes no {first}; write {flag}, or {other}")
        elif flag != "--help":
            if any(name.startswith(f"{flag}.") for name in known):
                raise InputError(_section(flag, first))
            last = flag.strip("-").split(".")[-1]
            same = [name for name in known if name.strip("-").split(".")[-1] == last]
            near = did_you_mean(flag, same) or did_you_mean(flag, known)
            raise InputError(f"{flag}: there is no such field; {near}--help lists all")


def _opposite(flag: str) -> str:
    """The negated flag: ``--data.no_flip`` for ``--data.flip``."""
    section, _, name = flag[2:].rpartition(".")
    return f"--{section}{'.' if section else ''}no_{name}"


def _section(flag: str, value: str) -> str:
    """The error for a value given to a group of fields, such as ``--algorithm``."""
    if flag.split(".")[0] != "--algorithm":
        return f"{flag}: is a group of fields, such as {flag}.NAME; --help lists them"
    having = configs.names_with(value) if value else []
    which = f"those with {value} are" if having else "there are"
    return (
        f"{flag}: the config chooses the method, its nets and optimizers: name another config first"
        f" ({which} {', '.join(having or configs.names())}) or a FILE.py of your own"
    )


def _reason(stop: SystemExit, args: Sequence[str], known: dict[str, _Field]) -> InputError:
    """The reason why tyro refuses the arguments: a check's own error, or a field's wrong type."""
    cause: BaseException | None = stop
    while cause is not None:
        if isinstance(cause, InputError):
            return cause
        cause = cause.__cause__ or cause.__context__
    for flag, values in _groups(args):
        kind = known[flag].kind
        if kind is not None and not _fits(kind, values):
            return InputError(f"{flag}: {' '.join(values) or 'nothing'} is not {_words(kind)}")
    given = {flag for flag, _ in _groups(args)}
    missing = [flag for flag, field in known.items() if field.required and flag not in given]
    for flag in sorted(missing, key=lambda flag: known[flag].positional):
        name = flag[2:].upper() if known[flag].positional else flag
        return InputError(f"{name}: is missing; --help says what it is")
    return InputError(f"arguments: {' '.join(args)} cannot be read; --help says what they may be")


def _fits(kind: Any, values: Sequence[str]) -> bool:
    """Whether the values begin with a value of the type; positional arguments may follow it."""
    off = (tyro.conf.FlagConversionOff,)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            tyro.cli(kind, args=list(values), return_unknown_args=True, config=off)
    except SystemExit:
        return False
    return True


def _words(kind: Any) -> str:
    """The name of a type in an error message."""
    parts = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if origin is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(map(_words, parts))
    if origin is tuple:
        return " and ".join(map(_words, parts))
    return WORDS.get(kind, "a value")


def main(command: Callable[[list[str]], int | None]) -> None:
    """Runs a command with ``sys.argv``; bad input gives one line on stderr and exit code 2."""
    args = sys.argv[1:]
    if args == ["--version"]:
        print(f"jaxgan {jaxgan.__version__}")
        sys.exit(0)
    try:
        code = command(args)
    except InputError as error:
        if _one_of_several():
            processes.leave(f"error: process {jax.process_index()}: {error}", 2)
        print(f"error: {error}", file=sys.stderr)
        code = 2
    except KeyboardInterrupt:  # in training the second Ctrl-C: the first one ends the run
        print("interrupted", file=sys.stderr)
        code = 130
    except Exception as error:  # a lost process raises exceptions of many types in the others
        if not _one_of_several():
            raise
        traceback.print_exc()
        processes.leave(processes.lost(error), processes.LOST)
    sys.exit(code or 0)


def _one_of_several() -> bool:
    """Whether this process has joined others; asks JAX only then, as that starts its backend."""
    return jax.distributed.is_initialized() and jax.process_count() > 1


_nets = tyro.constructors.ConstructorRegistry()


@_nets.struct_rule
def _net_fields(
    info: tyro.constructors.StructTypeInfo,
) -> tyro.constructors.StructConstructorSpec | None:
    """Lets tyro treat a linen module as a struct of the fields that a config may set."""
    net = info.default
    if not isinstance(net, nn.Module):
        return None
    hints, docs = typing.get_type_hints(type(net)), _field_docs(type(net))
    fields = tuple(
        tyro.constructors.StructFieldSpec(
            name=f.name,
            type=hints[f.name],
            default=getattr(net, f.name),
            helptext=docs.get(f.name),
        )
        for f in stated(net)
    )
    return tyro.constructors.StructConstructorSpec(instantiate=net.clone, fields=fields)


def _field_docs(cls: type) -> dict[str, str]:
    """The docstring below each annotated field of a class."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0].body  # pyright: ignore
    docs = {}
    for line, below in itertools.pairwise(body):
        if isinstance(line, ast.AnnAssign) and isinstance(below, ast.Expr):
            docs[ast.unparse(line.target)] = ast.literal_eval(below.value)
    return docs
