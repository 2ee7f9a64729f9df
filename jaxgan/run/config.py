"""A run's config as typed code, and as JSON in its run directory.

Every default is stated once, in its dataclass. ``encode`` and ``decode`` convert to plain JSON
values and back. Types are looked up by name among jaxgan's own algorithms and nets and nowhere
else, so opening a stranger's run executes none of their code.
"""

import contextlib
import dataclasses
import math
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

import flax.linen as nn
import typeguard

from jaxgan import algorithms, nets
from jaxgan.core.precision import Precision
from jaxgan.data.config import Data
from jaxgan.errors import InputError, first_line
from jaxgan.measure.protocol import Protocol
from jaxgan.system.devices import Parallel

A = TypeVar("A")

DERIVED = ("parent", "name", "image_shape", "point_shape", "num_classes", "dtype")
"""Fields of a net that the method's ``build`` sets, not the config."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """When the state is saved."""

    every: int = 1000
    """Steps between checkpoints; the last step is always saved."""
    keep: int = 3
    """Number of newest checkpoints to keep."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """When a sample sheet is drawn."""

    every: int = 500
    """Steps between sheets; the last step always draws one."""


@dataclass(frozen=True, kw_only=True)
class Log:
    """When metrics are read from the device."""

    every: int = 50
    """Steps between records; a record holds the means since the previous record."""


@dataclass(frozen=True, kw_only=True)
class Evaluate(Protocol):
    """When and how a run is evaluated."""

    every: int = 0
    """Steps between evaluations; the last step is always evaluated. 0: no evaluation."""
    n: int = 10_000
    """Number of generated images."""
    reference: str | None = None
    """Folder, source or pytorch-fid file to compare with; None: the run's own data."""
    best: Literal["lowest", "highest"] | None = None
    """Value of the first metric that counts as best, for the best checkpoint. None: highest for
    accuracies, iou, psnr, ssim, auc and other metrics where higher is better; lowest for losses,
    errors and distances."""


@dataclass(frozen=True, kw_only=True)
class Averages:
    """Power-function averages, from which an average of any width is made later (post-hoc EMA)."""

    every: int = 0
    """Steps between stored averages; the last step always stores them. 0: no averages."""
    player: str = "generator"
    """Player whose parameters are averaged."""
    widths: tuple[float, ...] = (0.05, 0.1)
    """Widths sigma_rel of the stored averages, as fractions of the steps trained, at most 0.28
    (Karras et al. 2024)."""


@dataclass(frozen=True, kw_only=True)
class Run(Generic[A]):
    """One experiment."""

    algorithm: A
    """The method and its hyperparameters."""
    data: Data = Data()
    """Data that the method learns from."""
    name: str = "run"
    """Name of the run, used for the default run directory."""
    steps: int = 10_000
    """Training steps: updates of the generator."""
    decay_steps: int | None = None
    """Steps over which the learning-rate schedules run; afterwards each rate keeps its last value.
    None: the number of steps that the run began with."""
    seed: int = 0
    """Seed of initial weights, latent codes, data order and augmentations."""
    population: int = 1
    """Number of members trained together in one program, with seeds seed, seed + 1, and so on.
    Each member equals the single run of its seed."""
    sweep: str | None = None
    """Sweep over a number of the algorithm, FIELD=VALUE,VALUE,..., such as
    algorithm.generator_optimizer.lr=1e-4,2e-4: one member per value, trained together with one
    seed. FIELD,FIELD=... sets several fields to the same value. None: no sweep."""
    init_from: str | None = None
    """Run directory whose newest weights initialise a new run where path and shape match; or a
    FILE.pkl of stylegan2-ada-pytorch, whose code is never executed. None: random weights."""
    freeze: tuple[str, ...] = ()
    """Players that are not trained: PLAYER, or PLAYER:N for the first N layers of its net, such as
    discriminator:3 (FreezeD, Mo et al. 2020)."""
    steps_per_call: int | None = None
    """Steps per compiled call (a scan): fewer dispatches, the same result. Must divide the
    intervals below. None: the largest number that divides them and the steps, at most 8 on a CPU
    and 16 elsewhere, as long as its batches are small and, on a CPU, its seconds few."""
    precision: Precision = "default"
    """Precision of float32 matrix products and convolutions, in training and in use. On an NVIDIA
    GPU ``default`` and ``high`` are TF32 (10 bits) and ``highest`` is float32, which is slower; on
    a CPU all are float32."""
    on_nan: Literal["stop", "rollback"] = "stop"
    """Reaction to a loss or parameters that are not finite: stop the run, or return to the last
    checkpoint and continue with other random numbers, at most three times. All checkpoints are
    kept."""
    out: str | None = None
    """Run directory; an existing run resumes. None: runs/NAME-TIME."""
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    """When the state is saved."""
    sample: Sample = field(default_factory=Sample)
    """When a sample sheet is drawn."""
    log: Log = field(default_factory=Log)
    """When metrics are read from the device."""
    evaluate: Evaluate = field(default_factory=Evaluate)
    """When and how the run is evaluated."""
    averages: Averages = field(default_factory=Averages)
    """When power-function averages are stored."""
    parallel: Parallel = field(default_factory=Parallel)
    """Devices and processes."""


RESUMABLE = (
    "out", "name", "steps", "decay_steps", "steps_per_call", "on_nan", "checkpoint",
    "sample", "log", "evaluate", "parallel",
    "data.on_device",
)  # fmt: skip
"""Fields and sections that a resumed run may change."""


def summary(run: Run) -> str:
    """One line with the config, the method and its training data."""
    method = type(run.algorithm).__name__
    if getattr(run.algorithm, "conditional", False):
        method = f"conditional {method}"
    size = f"batch size {run.data.batch_size}"
    several = f", {run.population} seeds" if run.population > 1 else ""
    several += f", {run.sweep}" if run.sweep else ""
    of = f"{method} on {run.data.source}, {size}, {run.steps:,} steps"
    return f"training {run.name}: {of}{several}"


def stated(value: Any) -> list[dataclasses.Field]:
    """The fields of a dataclass or net that a config may set."""
    hidden = DERIVED if isinstance(value, nn.Module) else ()
    return [f for f in dataclasses.fields(value) if f.name not in hidden]


INTERVALS = ("checkpoint.every", "sample.every", "log.every", "evaluate.every", "averages.every")
"""Intervals that ``steps_per_call`` must divide."""


def flat_values(run: Run) -> dict[str, Any]:
    """The values of all fields by dotted name, such as ``log.every``."""
    return dict(flatten(encode(run)))


def check(run: Run) -> None:
    """Raises InputError for a number out of range or an interval that a call would step over."""
    values = flat_values(run)
    for name, value in values.items():
        _check_number(name, value)
    _check_nets(run)
    counts = ("steps", "decay_steps", "population", "steps_per_call", "checkpoint.keep")
    for name in (*counts, *INTERVALS):
        least = 0 if name in ("evaluate.every", "averages.every") else 1
        if values[name] is not None and values[name] < least:
            raise InputError(f"{name}: {values[name]} is below {least}")
    for name in INTERVALS:
        if run.steps_per_call and values[name] % run.steps_per_call:
            raise InputError(
                f"steps_per_call: {run.steps_per_call} does not divide {name} {values[name]}; use a"
                " divisor of all intervals, or change them"
            )


def _check_number(name: str, value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _check_number(name, item)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{name}: {value} is not a finite number")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise InputError(f"{name}: {value} has more than 63 bits")


def _check_nets(value: Any, path: str = "") -> None:
    """Raises InputError if an integer field of a net, or an item of one, is too small.

    The minimum is 1, or the field's default if that is smaller (some papers use 0 blocks). A field
    may state its own minimum: ``field(default=4, metadata={"least": 0})``.
    """
    if not dataclasses.is_dataclass(value):
        return
    for f in stated(value):
        inner, name = getattr(value, f.name), f"{path}.{f.name}" if path else f.name
        _check_nets(inner, name)
        if isinstance(value, nn.Module):
            least = f.metadata.get("least", min(_integers(f.default), default=1))
            for number in _integers(inner):
                if number < min(least, 1):
                    raise InputError(f"{name}: {number} is below {min(least, 1)}")


def _integers(value: Any) -> list[int]:
    values = value if isinstance(value, list | tuple) else [value]
    return [item for item in values if isinstance(item, int) and not isinstance(item, bool)]


def encode(value: Any) -> Any:
    """Plain JSON values; a dataclass or net becomes ``{"type": its name, field: value}``."""
    if dataclasses.is_dataclass(value):
        fields = {f.name: encode(getattr(value, f.name)) for f in stated(value)}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise InputError(f"config: {value!r} is no number, string, tuple, dataclass or net of jaxgan")


def decode(value: Any, own: Mapping[str, type] | None = None) -> Any:
    """The inverse of :func:`encode`.

    Args:
      value: plain JSON values.
      own: further types by name, see :func:`types_of`.

    Raises:
      InputError: for a type that is neither jaxgan's nor in ``own``, or an unknown field.
    """
    if isinstance(value, list):
        return tuple(decode(item, own) for item in value)
    if not isinstance(value, dict):
        return value
    fields = {key: decode(item, own) for key, item in value.items() if key != "type"}
    name = value.get("type")
    cls = {**_types(), **(own or {})}.get(str(name))
    if cls is None:
        raise InputError(
            f"config.json: {name} is not a part of jaxgan; give the config file that made the run"
            " with --config FILE.py"
        )
    try:
        hints = typing.get_type_hints(cls)
        for key, item in fields.items():
            name = f"{cls.__name__}.{key}"
            typeguard.check_type(item, hints.get(key, Any))
        name = cls.__name__
        return cls(**fields)
    except (TypeError, typeguard.TypeCheckError) as error:
        reason = first_line(error)
        raise InputError(
            f"config.json: {name}: {reason}; was it made by another jaxgan? a part of your own"
            " with a name of jaxgan's needs its config, --config FILE.py"
        ) from None


def types_of(value: Any) -> dict[str, type]:
    """The types of all dataclasses and nets in a config, by name; users' own types included."""
    if isinstance(value, list | tuple):
        return {name: cls for item in value for name, cls in types_of(item).items()}
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return {}
    found: dict[str, type] = {type(value).__name__: type(value)}
    for f in stated(value):
        found |= types_of(getattr(value, f.name))
    return found


def _types() -> dict[str, type]:
    known = [Run, Data, Checkpoint, Sample, Log, Evaluate, Averages, Parallel]
    for package in (algorithms, nets):
        known += [getattr(package, name) for name in package.__all__]
    return {cls.__name__: cls for cls in known if isinstance(cls, type)}


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """``(dotted path, leaf)`` for every leaf of an encoded config."""
    if not isinstance(value, dict):
        yield path, value
        return
    for key, item in value.items():
        yield from flatten(item, f"{path}.{key}" if path else key)


def decays(run: Run) -> bool:
    """Whether any learning rate has a schedule other than ``constant``."""
    leaves = flatten(encode(run.algorithm))
    return any(name.endswith("schedule") and value != "constant" for name, value in leaves)


def differences(old: dict[str, Any], new: Run) -> list[str]:
    """Changed fields that a resumed run may not change, one line each.

    A field that is missing in the old config counts as its default.
    """
    with contextlib.suppress(InputError):  # a field that no longer exists is then a difference
        old = encode(decode(old, types_of(new)))
    before, after = dict(flatten(old)), dict(flatten(encode(new)))
    lines = []
    for name in before | after:
        if not {name, name.split(".")[0]} & {*RESUMABLE} and before.get(name) != after.get(name):
            lines.append(f"{name} was {before.get(name)} and is now {after.get(name)}")
    return lines
