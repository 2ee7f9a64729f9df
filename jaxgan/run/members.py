"""Members of a run that trains several models at once: their configs, metrics and sheets.

Members differ in the seed (``population``) or in the value of a field (``sweep``). Each member
equals a single run, and its config is the config of that run.
"""

import contextlib
import dataclasses
import math
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import numpy as np

from jaxgan.errors import InputError, did_you_mean
from jaxgan.run.config import Run, encode, flatten, stated


class Sweep(NamedTuple):
    """A sweep over one value, which may be set in several fields."""

    fields: tuple[str, ...]
    """Dotted names of the fields, such as ``algorithm.generator_optimizer.lr``."""
    values: tuple[str, ...]
    """Value of each member, as the user wrote it."""


def sweep_of(run: Run) -> Sweep | None:
    """The sweep in ``run.sweep``; None if there is none.

    Raises:
      InputError: ``run.sweep`` is not of the form ``field=value,value,...``.
    """
    if run.sweep is None:
        return None
    left, equals, right = run.sweep.partition("=")
    fields, values = (tuple(filter(None, part.split(","))) for part in (left, right))
    if not (equals and fields and len(values) > 1):
        raise InputError(
            f"sweep: {run.sweep} is not FIELD=VALUE,VALUE,... with two values or more, such as"
            " algorithm.generator_optimizer.lr=1e-4,2e-4"
        )
    return Sweep(fields, values)


def size_of(run: Run) -> int:
    """Number K of members; 1 for a single run."""
    sweep = sweep_of(run)
    return len(sweep.values) if sweep else run.population


def members_of(run: Run) -> list[Run]:
    """The config of each member, as a single run.

    Raises:
      InputError: the options do not combine, or the swept field or a value is invalid.
    """
    sweep, size = sweep_of(run), size_of(run)
    if size > 1:
        _check(run)
    if sweep is None:
        return [_alone(run, seed=run.seed + i) for i in range(size)]
    members = []
    for text in sweep.values:
        member = _alone(run)
        for field in sweep.fields:
            member = _with(member, member, field, field, text)
        members.append(member)
    return members


def _alone(run: Run, **fields: Any) -> Run:
    return dataclasses.replace(run, population=1, sweep=None, **fields)


def _check(run: Run) -> None:
    """Raises InputError for options that members trained together do not support."""
    field = "sweep" if run.sweep else "population"
    if run.sweep and run.population != 1:
        raise InputError(
            f"population: {run.population} seeds and the values of --sweep: use one of the two"
        )
    if run.parallel.compile != "jit" or run.parallel.state != "replicated":
        raise InputError(
            f"{field}: the members are split over the devices, so the state has no other form: use"
            " jit for parallel.compile and replicated for parallel.state"
        )
    if jax.process_count() > 1:
        raise InputError(f"{field}: members are trained by one process, not by several: start one")
    if run.averages.every:
        raise InputError(f"{field}: averages of any width are of one run: set averages.every to 0")
    if run.sweep and run.evaluate.every:
        raise InputError(
            "sweep: its members are evaluated after training, by evaluate RUN --member I: set"
            " evaluate.every to 0"
        )


def _with(run: Run, value: Any, path: str, field: str, text: str) -> Any:
    """``value`` with the number at ``path`` replaced.

    Args:
      run: the config, for messages.
      value: a part of the config.
      path: the field's dotted name, relative to ``value``.
      field: the field's full dotted name.
      text: the new number, as the user wrote it.
    """
    name, _, rest = path.partition(".")
    if not field.startswith("algorithm.") or name not in _names(value):
        known = [n for n, _ in flatten(encode(run)) if n.startswith("algorithm.")]
        raise InputError(
            f"sweep: there is no {field} in the method; {did_you_mean(field, known)}it sweeps"
            " numbers of the algorithm, its nets and optimizers"
        )
    inner = getattr(value, name)
    new = _with(run, inner, rest, field, text) if rest else _number(value, name, field, text)
    changed: dict[str, Any] = {name: new}
    if isinstance(value, nn.Module):
        return value.clone(**changed)
    return dataclasses.replace(value, **changed)  # pyright: ignore


def _names(value: Any) -> list[str]:
    return [f.name for f in stated(value)] if dataclasses.is_dataclass(value) else []


def _number(value: Any, name: str, field: str, text: str) -> int | float:
    """Parses a number of the type of the field ``name``."""
    hint = typing.get_type_hints(type(value))[name]
    kinds = [kind for kind in (int, float) if kind in (hint, *typing.get_args(hint))]
    for kind in kinds:
        with contextlib.suppress(ValueError):
            if math.isfinite(number := kind(text)):
                return number
    raise InputError(f"sweep: {text} is not a number that {field} may be")


# Names of metrics: ``name/i`` for member i, ``name`` for the mean, ``name_std`` for the deviation.


def by_member(values: Mapping[str, Any]) -> dict[str, Any]:
    """Splits metrics of shape (K,) into one number per member, ``name/i``."""
    return {f"{name}/{i}": x for name, own in values.items() for i, x in enumerate(own)}


def own(values: Mapping[str, Any], member: int) -> dict[str, Any]:
    """The metrics of one member, by their own names."""
    end = f"/{member}"
    return {n.removesuffix(end): value for n, value in values.items() if n.endswith(end)}


def joined(members: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean and standard deviation (divisor K - 1) of each metric, and every member's value.

    A member without a value is left out, and K counts the others.
    """
    return {key: value for name in _all_names(members) for key, value in _joined(name, members)}


def _all_names(members: Sequence[Mapping[str, float]]) -> list[str]:
    return list(dict.fromkeys(name for values in members for name in values))


def _joined(name: str, members: Sequence[Mapping[str, float]]) -> Iterator[tuple[str, float]]:
    found = {i: values[name] for i, values in enumerate(members) if name in values}
    numbers = np.array([*found.values()], np.float64)
    with np.errstate(invalid="ignore"):  # a gradient norm may not be finite
        yield name, float(numbers.mean())
        yield f"{name}_std", float(numbers.std(ddof=1)) if len(numbers) > 1 else 0.0
    for i, value in found.items():
        yield f"{name}/{i}", value


def line(step: int, values: Mapping[str, float], size: int) -> str:
    """A line with the mean and standard deviation of the losses and the diversity."""
    found = {n: v for n, v in values.items() if n.endswith("_loss") or n == "diversity"}
    parts = (f"{name} {value:.4g} ± {values[f'{name}_std']:.2g}" for name, value in found.items())
    return f"step {step}: {size} members: {', '.join(parts)}"


def grouped(each: Sequence[Sequence[str]]) -> list[str]:
    """All different warnings, each with the members that it applies to."""
    if len(each) == 1:
        return list(each[0])
    having: dict[str, list[int]] = {}
    for i, texts in enumerate(each):
        for text in texts:
            having.setdefault(text, []).append(i)
    return [f"{_called(which)}: {text}" for text, which in having.items()]


def _called(which: Sequence[int]) -> str:
    return f"member{'s' if len(which) > 1 else ''} {', '.join(map(str, which))}"


# Sheets.


def first_rows(
    sheets: Sequence[Mapping[str, np.ndarray]], most: int = 10
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """One sheet made of the first rows of every member's sheet, and the names of its rows.

    Args:
      sheets: the columns of each member's sheet.
      most: number of rows in total, but each member has at least one.
    """
    fewest = min((len(column) for sheet in sheets for column in sheet.values()), default=1)
    count = max(1, min(most // len(sheets), fewest))
    rows = {
        title: np.concatenate([sheet[title][:count] for sheet in sheets]) for title in sheets[0]
    }
    names = (f"member {i}" if row == 0 else "" for i in range(len(sheets)) for row in range(count))
    return rows, tuple(names)
