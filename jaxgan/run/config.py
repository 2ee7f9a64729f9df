"""A run as typed code, and as data, so that a run directory can be opened.

Every default stands once, in its dataclass. ``encode`` and ``decode`` go to plain JSON values and
back: types are looked up by name among jaxgan's own algorithms and nets and nowhere else, so
opening a stranger's run executes none of their code.
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
"""Fields of a net that the builder sets and no config states."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """When the state is saved."""

    every: int = 1000
    """Steps between checkpoints; the last step is saved in any case."""
    keep: int = 3
    """How many of the newest checkpoints stay."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """When a sample sheet is drawn."""

    every: int = 500
    """Steps between sheets; the last step draws one in any case."""


@dataclass(frozen=True, kw_only=True)
class Log:
    """When metrics are read from the device."""

    every: int = 50
    """Steps between records; a record holds means over the steps since the last one."""


@dataclass(frozen=True, kw_only=True)
class Evaluate(Protocol):
    """When a run's images are measured."""

    every: int = 0
    """Steps between evaluations, and the last step is one; 0: none."""
    n: int = 10_000
    """Images from the generator."""
    reference: str | None = None
    """Folder, source or file of pytorch-fid that they are compared with; None: the run's data."""
    best: Literal["lowest", "highest"] | None = None
    """The best value of the first number; None: highest for accuracies, iou, psnr, ssim, auc and
    metrics that reward it, lowest for losses, errors and distances."""


@dataclass(frozen=True, kw_only=True)
class Averages:
    """Averages by power functions, of which any width is made after training (post-hoc EMA)."""

    every: int = 0
    """Steps between stored averages, and the last step is one; 0: none."""
    player: str = "generator"
    """Player whose parameters are averaged."""
    widths: tuple[float, ...] = (0.05, 0.1)
    """Widths sigma_rel that are kept: a share of the steps, up to 0.28 (Karras et al. 2024)."""


@dataclass(frozen=True, kw_only=True)
class Run(Generic[A]):
    """One experiment."""

    algorithm: A
    """The method and its hyperparameters."""
    data: Data = Data()
    """Data that the method learns from."""
    name: str = "run"
    """Names the default run directory."""
    steps: int = 10_000
    """Training steps: updates of the generator."""
    decay_steps: int | None = None
    """Steps over which the learning rates follow their schedules, and stay at the end after them;
    None: those that the run began with."""
    seed: int = 0
    """Seed of initial weights, latent codes, data order and augmentations."""
    population: int = 1
    """Members that are trained together in one program, with the seeds seed, seed + 1, ...; each
    equals the single run of its seed."""
    sweep: str | None = None
    """FIELD=VALUE,VALUE,...: a member for each value of a number of the algorithm, trained together
    with one seed, such as algorithm.generator_optimizer.lr=1e-4,2e-4. FIELD,FIELD=... sets
    several to the same value. None: no sweep."""
    init_from: str | None = None
    """Run directory whose weights a new run starts from, where path and shape match; its newest
    checkpoint. Or a FILE.pkl of stylegan2-ada-pytorch, of which nothing is run. None: at random."""
    freeze: tuple[str, ...] = ()
    """Players that stay as they are: PLAYER, or PLAYER:N for the first N layers of its net, such as
    discriminator:3 (FreezeD, Mo et al. 2020)."""
    steps_per_call: int | None = None
    """Steps in one compiled call (a scan): fewer dispatches, the same result. It divides the
    intervals below. None: as many as divide them and the steps, up to 8 on a CPU and 16 elsewhere,
    while their batches stay small."""
    precision: Precision = "default"
    """Precision of float32 matrix products and convolutions, in training and in use. On an NVIDIA
    GPU ``default`` and ``high`` are TF32 (10 bits) and ``highest`` is float32, which is slower; on
    a CPU all are float32."""
    on_nan: Literal["stop", "rollback"] = "stop"
    """Reaction to a loss or parameters that are not finite: end, or go back to the last
    checkpoint and on with other random numbers, three times at most. The checkpoints stay."""
    out: str | None = None
    """Run directory; an existing one resumes. None: runs/NAME-TIME."""
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    """When the state is saved."""
    sample: Sample = field(default_factory=Sample)
    """When a sample sheet is drawn."""
    log: Log = field(default_factory=Log)
    """When metrics are read."""
    evaluate: Evaluate = field(default_factory=Evaluate)
    """When images are measured, and how."""
    averages: Averages = field(default_factory=Averages)
    """When averages of any width are stored."""
    parallel: Parallel = field(default_factory=Parallel)
    """Devices and processes."""


RESUMABLE = (
    "out", "name", "steps", "decay_steps", "steps_per_call", "on_nan", "checkpoint",
    "sample", "log", "evaluate", "parallel",
    "data.on_device",
)  # fmt: skip
"""Fields, or sections of them, that a resumed run may change."""


def summary(run: Run) -> str:
    """One line: the config, the method and the data that it will be trained on."""
    method = type(run.algorithm).__name__
    if getattr(run.algorithm, "conditional", False):
        method = f"conditional {method}"
    size = f"batch size {run.data.batch_size}"
    several = f", {run.population} seeds" if run.population > 1 else ""
    several += f", {run.sweep}" if run.sweep else ""
    of = f"{method} on {run.data.source}, {size}, {run.steps:,} steps"
    return f"training {run.name}: {of}{several}"


def stated(value: Any) -> list[dataclasses.Field]:
    """The fields of a dataclass or a net that a config states."""
    hidden = DERIVED if isinstance(value, nn.Module) else ()
    return [f for f in dataclasses.fields(value) if f.name not in hidden]


INTERVALS = ("checkpoint.every", "sample.every", "log.every", "evaluate.every", "averages.every")
"""Fields that a call of several steps must not step over."""


def flat_values(run: Run) -> dict[str, Any]:
    """The values of all fields by dotted name, such as ``log.every``."""
    return dict(flatten(encode(run)))


def check(run: Run) -> None:
    """Raises InputError for numbers out of range, and intervals that a call steps over."""
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
    """Raises InputError for a size of a net, an int or some of them, that is too small.

    The least is 1, or the field's default where that is smaller: 0 blocks are the paper's number.
    A net's field may state another one, ``field(default=4, metadata={"least": 0})``.
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
      own: more types by name, see :func:`types_of`.

    Raises:
      InputError: for a type that is neither jaxgan's nor given, or a field that it has not.
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
    """The dataclasses and nets that a config is made of, by name: types of a user's own."""
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
    """Whether a learning rate changes over the run."""
    leaves = flatten(encode(run.algorithm))
    return any(name.endswith("schedule") and value != "constant" for name, value in leaves)


def differences(old: dict[str, Any], new: Run) -> list[str]:
    """Changes that a resumed run may not make, as lines ``field: old -> new``.

    A field that the old config does not know has its default there.
    """
    with contextlib.suppress(InputError):  # of a field that is gone, which then differs
        old = encode(decode(old, types_of(new)))
    before, after = dict(flatten(old)), dict(flatten(encode(new)))
    lines = []
    for name in before | after:
        if not {name, name.split(".")[0]} & {*RESUMABLE} and before.get(name) != after.get(name):
            lines.append(f"{name} was {before.get(name)} and is now {after.get(name)}")
    return lines
