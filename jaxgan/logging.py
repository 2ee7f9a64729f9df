"""Metrics for people and programs: JSON lines, TensorBoard events and the progress bar."""

import contextlib
import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
from tensorboardX import SummaryWriter
from tqdm import tqdm

from jaxgan.errors import InputError
from jaxgan.typing import Metrics


class Logger:
    """Keeps each step's metrics on the device and reads them together, so no step waits."""

    def __init__(
        self, directory: Path, start: int, steps: int, images_per_step: int, writes: bool = True
    ):
        """Continues the records at ``start``; what an interrupted run wrote past it is dropped.

        Where another process writes, this one only judges the run's health.
        """
        self._writes = writes
        self._path = directory / "metrics.jsonl" if writes else Path(os.devnull)
        self.records = [r for r in read_records(self._path) if r["step"] <= start]
        text = "".join(json.dumps(record) + "\n" for record in self.records)
        self._path.write_text(text)
        self._file = self._path.open("a")
        self._events = SummaryWriter(
            str(directory / "tensorboard"), purge_step=start + 1, write_to_disk=writes
        )
        self._images_per_step = images_per_step
        self._bar = tqdm(
            total=steps, initial=start, unit="step", dynamic_ncols=True, disable=not writes
        )
        self._pending: list[tuple[int, int, Metrics]] = []
        self._since = time.perf_counter()

    def add(self, step: int, metrics: Metrics, count: int = 1) -> None:
        """Takes the metrics of the ``count`` steps up to ``step``, still on the device.

        Several steps' have a leading axis.
        """
        self._pending.append((step, count, metrics))
        self._bar.update(count)

    def flush(self) -> None:
        """Reads what was added and writes the means.

        Raises:
          InputError: when a player's parameters stopped being finite; names step and player.
        """
        if not self._pending:
            return
        steps, metrics = zip(*_singles(jax.device_get(self._pending)), strict=True)
        self._pending = []
        seconds = time.perf_counter() - self._since
        self._since = time.perf_counter()
        for step, values in zip(steps, metrics, strict=True):
            _check_finite(step, values)
        rate = len(steps) * self._images_per_step / seconds
        record = {
            "step": steps[-1],
            "images": steps[-1] * self._images_per_step,
            "images_per_second": round(rate, 1),
        }
        for name in metrics[0]:
            values = np.asarray([m[name] for m in metrics], np.float64)
            if not np.isnan(values).all():  # lazy updates are NaN at the steps they skip
                record[name] = float(np.nanmean(values))
        self._write(record)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Leaves what happens inside out of the images per second."""
        before = time.perf_counter()
        yield
        self._since += time.perf_counter() - before

    def say(self, text: str) -> None:
        """A line of text that leaves the progress bar whole."""
        if self._writes:
            self._bar.write(text)

    def close(self) -> None:
        """Closes the files."""
        self._bar.close()
        self._events.close()
        try:
            self._file.close()
        except OSError as error:
            self.say(f"the last metrics were not written: {error}")

    def _write(self, record: dict[str, Any]) -> None:
        self.records.append(record)
        try:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()  # what a full disk refuses stays buffered for the next record
        except OSError as error:
            self.say(f"step {record['step']}: metrics were not written: {error}; the run goes on")
            return
        for name, value in record.items():
            if name != "step":
                self._events.add_scalar(name, value, record["step"])
        losses = {n.removesuffix("_loss"): f"{v:.3f}" for n, v in record.items() if "_loss" in n}
        self._bar.set_postfix({"images/s": f"{record['images_per_second']:.0f}", **losses})


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of a metrics.jsonl; a last line cut short by a crash is left out."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text().splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return records


def _singles(calls: list[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """``(step, metrics)`` for each step of each call."""
    for last, count, metrics in calls:
        if count == 1:
            yield last, metrics
            continue
        for i in range(count):
            yield last - count + 1 + i, {name: values[i] for name, values in metrics.items()}


def _check_finite(step: int, values: dict[str, Any]) -> None:
    suffix = "_param_norm"
    players = [n.removesuffix(suffix) for n in values if n.endswith(suffix)]
    broken = [name for name in players if not math.isfinite(values[name + suffix])]
    if broken:
        losses = ", ".join(f"{n} {v:g}" for n, v in values.items() if n.endswith("_loss"))
        raise InputError(
            f"step {step}: the parameters of {' and '.join(broken)} are not finite ({losses});"
            " lower algorithm.learning_rate or set algorithm.clip_norm"
        )
