"""Logs metrics as JSON lines, TensorBoard events, a progress bar, pictures and messages."""

import contextlib
import functools
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from jaxgan.errors import NotFiniteError
from jaxgan.run import health, members, pictures
from jaxgan.system.files import write_whole
from jaxgan.typing import Metrics


class Logger:
    """Keeps metrics on the device and reads those of many steps at once, so that no step waits."""

    def __init__(
        self,
        directory: Path,
        start: int,
        steps: int,
        images: Callable[[int], int],
        writes: bool = True,
        size: int = 1,
    ):
        """Continues the records at ``start``; later records of an interrupted run are dropped.

        Args:
          directory: the run directory.
          start: number of steps that were already taken.
          steps: steps of the whole run.
          images: ``step -> examples seen by the end of it``.
          writes: False if another process writes; this one then only checks the run's health.
          size: members of a population. Above 1, metrics have an axis of members.
        """
        self._writes, self._size = writes, size
        self._directory = directory
        self._path = directory / "metrics.jsonl" if writes else Path(os.devnull)
        self.records = [r for r in read_records(self._path) if r["step"] <= start]
        if writes:
            write_whole(self._path, "".join(map(_line, self.records)))
        self._file = self._path.open("a")
        self._start, self._steps = start, steps
        self._images = images
        self._bar = tqdm(
            total=steps, initial=start, unit="step", dynamic_ncols=True, disable=not writes
        )
        self._pending: list[tuple[int, int, Metrics]] = []
        self._since = time.perf_counter()
        self._reported = health.Means()

    @functools.cached_property
    def _events(self) -> Any:
        with self.paused():  # the import takes seconds if PyTorch is installed, which it imports
            from tensorboardX import SummaryWriter

            folder = str(self._directory / "tensorboard")
            return SummaryWriter(folder, purge_step=self._start + 1, write_to_disk=self._writes)

    def add(self, step: int, metrics: Metrics, count: int = 1) -> None:
        """Adds the metrics of the ``count`` steps up to ``step``, which stay on the device.

        Metrics of several steps have a leading axis.
        """
        self._pending.append((step, count, metrics))
        self._bar.update(count)

    def flush(self) -> None:
        """Reads the added metrics from the device and writes their means.

        Raises:
          NotFiniteError: a loss is inf (NaN stands for "not computed", see
            :func:`jaxgan.core.every`), or a player's parameters are not finite; names the step.
        """
        if not self._pending:
            return
        steps, metrics = zip(*_singles(jax.device_get(self._pending)), strict=True)
        self._pending = []
        seconds = time.perf_counter() - self._since
        self._since = time.perf_counter()
        means = health.Means()
        for step, values in zip(steps, metrics, strict=True):
            if self._size > 1:
                values = members.by_member(values)
            for who, own in self._by_member(values):
                _check_finite(step, own, who)
            means.add(values)
            self._reported.add(values)
        images = self._images(steps[-1]) - self._images(steps[0] - 1)
        rate = images * self._size / seconds
        taken = [own for _, own in self._by_member(means.take())]
        record = {
            "step": steps[-1],
            "images": self._images(steps[-1]),
            "images_per_second": round(rate, 1),
            **self._joined(taken),
        }
        self._write(record)
        losses = {name: record[name] for name in taken[0] if "_loss" in name and name in record}
        losses = {name.removesuffix("_loss"): f"{value:.3f}" for name, value in losses.items()}
        self._bar.set_postfix({"images/s": f"{rate:.0f}", **losses})

    def report(self, step: int, *measures: Mapping[str, float]) -> None:
        """Reports the run's health: means since the last report, and the given measures.

        The measures (one mapping per member) and any ``warning`` are added to the step's record,
        on a line of their own because the record may already be written.
        """
        taken = self._by_member(self._reported.take())
        each = [{**t, **m} for (_, t), m in zip(taken, measures, strict=True)]
        warning = "; ".join(members.grouped([health.warnings(own) for own in each]))
        found = {**self._joined(measures), **({"warning": warning} if warning else {})}
        if found:
            self._write({"step": step, **found})
        means = self._joined(each)
        line = health.line(step, {name: means[name] for own in each for name in own})
        if self._size > 1:
            self.say(members.line(step, means, self._size))
        if line:
            full = ", ".join([warning, *self._advice()])
            self.say(f"{line}. Warning: {full}" if warning else line)

    def _advice(self) -> dict[str, None]:
        """Advice on a lasting collapse, once if several members get the same advice."""
        records = [(record["step"], self._by_member(record)) for record in self.records]
        own = ([{**each[i][1], "step": step} for step, each in records] for i in range(self._size))
        return dict.fromkeys(filter(None, (health.advice(r, self._steps) for r in own)))

    def _by_member(self, values: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """For each member, its name for messages and its metrics by their own names."""
        if self._size == 1:
            return [("", dict(values))]
        return [(f"member {i}: ", members.own(values, i)) for i in range(self._size)]

    def _joined(self, each: Sequence[Mapping[str, float]]) -> dict[str, float]:
        """The entries of a record, from the values of each member."""
        return dict(each[0]) if self._size == 1 else members.joined(each)

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Writes values that were measured at a step, beside the step's means."""
        self._write({"step": step, **values})

    def write_sheet(
        self, step: int, columns: Mapping[str, np.ndarray], rows: Sequence[str] = ()
    ) -> None:
        """Writes the sample sheet (columns by title, rows by name) and the loss curves."""
        if not self._writes:
            return
        try:
            if columns:
                picture = pictures.sheet(columns, rows=rows)
                pictures.write_png(self._directory / "samples" / f"{step:08d}.png", picture)
                pictures.write_png(self._directory / "samples.png", picture)
            pictures.write_curves(self._directory / "losses.png", self.records)
        except OSError as error:  # a full disk must not end the run
            self.say(f"step {step}: the sample sheet was not written: {error}; the run goes on")

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Excludes the time spent inside from the images per second."""
        began, since = time.perf_counter(), self._since
        yield
        self._since = since + time.perf_counter() - began  # one pause may lie within another

    def say(self, text: str) -> None:
        """Prints a line without breaking the progress bar."""
        if self._writes:
            self._bar.write(text)

    def close(self) -> None:
        """Closes the files."""
        self._bar.close()
        if "_events" in vars(self):
            self._events.close()
        try:
            self._file.close()
        except OSError as error:
            self.say(f"the last metrics were not written: {error}")

    def _write(self, record: dict[str, Any]) -> None:
        _join(self.records, record)
        try:
            self._file.write(_line(record))
            self._file.flush()  # on a full disk the line stays buffered for the next record
        except OSError as error:
            self.say(f"step {record['step']}: metrics were not written: {error}; the run goes on")
            return
        for name, value in record.items():
            if name != "step" and not isinstance(value, str):
                self._events.add_scalar(name, value, record["step"])


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of a metrics.jsonl file, one per step.

    Lines that are no records are skipped: a crash cuts the last line short.
    """
    if not path.exists():
        return []
    records = []
    for line in path.read_bytes().splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):  # also raised for bytes that are not UTF-8
            continue
        if isinstance(record, dict) and type(record.get("step")) is int and record["step"] >= 0:
            _join(records, {name: value for name, value in record.items() if _is_measure(value)})
    return records


def _is_measure(value: Any) -> bool:
    """Whether a record may hold the value: a number below 1e300 in magnitude, or a string."""
    return isinstance(value, str) or (isinstance(value, int | float) and abs(value) < 1e300)


def _line(record: Mapping[str, Any]) -> str:
    """One line of JSON; numbers that are not finite become null."""
    finite = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in record.items()
    }
    return json.dumps(finite) + "\n"


def _join(records: list[dict[str, Any]], record: dict[str, Any]) -> None:
    """Appends a record, or merges it into the last one if both are of the same step."""
    if records and records[-1]["step"] == record["step"]:
        records[-1].update(record)
    else:
        records.append(record)


def _singles(calls: list[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """``(step, metrics)`` for each step of each call."""
    for last, count, metrics in calls:
        if count == 1:
            yield last, metrics
            continue
        for i in range(count):
            yield last - count + 1 + i, {name: values[i] for name, values in metrics.items()}


def _check_finite(step: int, values: dict[str, Any], who: str = "") -> None:
    suffix = "_param_norm"
    players = [n.removesuffix(suffix) for n in values if n.endswith(suffix)]
    broken = [name for name in players if not math.isfinite(values[name + suffix])]
    losses = {name: value for name, value in values.items() if name.endswith("_loss")}
    if broken or any(math.isinf(value) for value in losses.values()):
        what = f"the parameters of {' and '.join(broken)} are" if broken else "a loss is"
        found = ", ".join(f"{name} {value:g}" for name, value in losses.items())
        raise NotFiniteError(
            f"step {step}: {who}{what} not finite ({found}); lower the lr of the optimizers or"
            " set their clip_norm"
        )
