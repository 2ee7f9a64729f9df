"""Command lines: a config file, fields overridden by name, and errors of one line."""

import ast
import contextlib
import inspect
import io
import itertools
import re
import sys
import textwrap
import traceback
import typing
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import tyro

from jaxgan.errors import InputError
from jaxgan.run.config import Run, stated
from jaxgan.system import processes


def parse(
    kind: Any, default: Any, args: Sequence[str], prog: str, markers: tuple[Any, ...] = ()
) -> Any:
    """A ``kind`` from the command line; fields that it does not name are those of ``default``.

    Raises:
      InputError: one line, which names the nearest field to an unknown one.
    """
    output = io.StringIO()
    try:
        with _nets, contextlib.redirect_stderr(output):
            options: dict[str, Any] = {} if default is None else {"default": default}
            return tyro.cli(
                kind, args=list(args), prog=prog, use_underscores=True, config=markers, **options
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise InputError(_one_line(output.getvalue())) from None


def parse_run(run: Run, args: Sequence[str], prog: str) -> Run:
    """``run`` with fields replaced by name (``--algorithm.learning_rate 1e-4``)."""
    kind = Run[type(run.algorithm)]  # pyright: ignore
    return parse(kind, run, args, prog, (tyro.conf.FlagConversionOff,))


def main(command: Callable[[list[str]], int | None]) -> None:
    """Runs a command on ``sys.argv``: bad input is one line on stderr and exit code 2."""
    try:
        code = command(sys.argv[1:])
    except InputError as error:
        if jax.process_count() > 1:
            processes.leave(f"error: process {jax.process_index()}: {error}", 2)
        print(f"error: {error}", file=sys.stderr)
        code = 2
    except Exception as error:  # what a lost process raises in the others is of many types
        if jax.process_count() == 1:
            raise
        traceback.print_exc()
        processes.leave(processes.lost(error), processes.LOST)
    sys.exit(code or 0)


def _one_line(box: str) -> str:
    """The message of tyro's box, and the field that it would have liked to see."""
    lines = [re.sub(r"[│╭╮╰╯]", "", line).strip() for line in box.splitlines()]
    body = [line for line in lines[1:] if line]
    rules = [i for i, line in enumerate(body) if set(line) == {"─"}] or [len(body)]
    message = " ".join(body[: rules[0]])
    near = re.search(r"Perhaps you meant:?.*?(--[\w.\-]+)", " ".join(body))
    return message + (f"; did you mean {near[1]}?" if near else "")


_nets = tyro.constructors.ConstructorRegistry()


@_nets.struct_rule
def _net_fields(
    info: tyro.constructors.StructTypeInfo,
) -> tyro.constructors.StructConstructorSpec | None:
    """A linen module is a struct of the fields that a config states."""
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
    """The string beneath each annotated field of a class."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0].body  # pyright: ignore
    docs = {}
    for line, below in itertools.pairwise(body):
        if isinstance(line, ast.AnnAssign) and isinstance(below, ast.Expr):
            docs[ast.unparse(line.target)] = ast.literal_eval(below.value)
    return docs
