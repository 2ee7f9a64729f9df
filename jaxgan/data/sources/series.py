"""Time series: windows of a past and of the future that is to be forecast."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from jaxgan.core import Feature
from jaxgan.data.examples import Source, Windows, in_memory
from jaxgan.data.sources.csvfile import MISSING, Sheet, number, read_csv
from jaxgan.errors import InputError

TIMES = ("time", "date", "datetime", "timestamp", "t")
"""Names of a first column with numeric times, in lower case."""


_DAY = 86_400
_MONTH = 365.2425 * _DAY / 12
"""Seconds of a day, and of a mean month."""


class Series(NamedTuple):
    """A series as read from its file."""

    columns: tuple[str, ...]
    rows: Float64[np.ndarray, "rows columns"]
    """Values of each row; NaN if a value is missing."""
    times: tuple[str, ...]
    """Time of each row as text; () without times."""
    broken: Bool[np.ndarray, "rows"]
    """Whether there is a gap between a row and the previous one."""
    time: str = ""
    """Name of the column of times; "" without times."""

    def following(self, count: int) -> list[str]:
        """The times of the next ``count`` rows, at the median step; [] without times."""
        given = [time for time in self.times if time.lower() not in MISSING]
        if len(given) < 2:
            return []
        if number(given[0]) is not None:
            values = np.array(given, float)
            step = np.median(np.diff(values))
            return [f"{values[-1] + k * step:.15g}" for k in range(1, count + 1)]
        dates = [date for date in map(_date, given) if date is not None]
        step = float(np.median(np.diff([date.timestamp() for date in dates])))
        whole = step % _DAY == 0 and all(len(time) <= len("2024-01-31") for time in given)
        try:
            later = _following(dates, step, count)
        except (OverflowError, ValueError):  # dates end with the year 9999
            return []
        zone = datetime.fromisoformat(given[-1]).tzinfo
        return [str(date.date() if whole else date.replace(tzinfo=zone)) for date in later]


def open_series(text: str, past: int, future: int) -> Source:
    """All windows of ``past + future`` rows without a gap, in order, from a CSV file.

    :func:`read_series` defines gaps.

    Args:
      text: path of the file.
      past: number of rows in the past of a window.
      future: number of rows in its future.

    Raises:
      InputError: the file cannot be read, a cell is no number, or no stretch without a gap is long
        enough.
    """
    series = read_series(Path(text).expanduser())
    length = past + future
    usable = np.asarray(~np.isnan(series.rows).any(1))
    ends = np.flatnonzero(series.broken | ~usable | ~np.roll(usable, 1))
    edges = np.unique(np.concatenate([[0], ends, [len(usable)]]))
    stretches = [(a, b) for a, b in itertools.pairwise(edges) if usable[a]]
    starts = np.concatenate(
        [np.arange(0), *(np.arange(a, b - length + 1) for a, b in stretches)]
    ).astype(np.int64)
    if not len(starts):
        longest = max((b - a for a, b in stretches), default=0)
        raise InputError(
            f"data.past: {past} and data.future {future} are {length} rows, and the longest stretch"
            f" of {text} without a gap has {longest}: use shorter windows, or take the column of"
            " times away if the rows follow each other evenly without it"
        )
    spans = np.stack([starts, starts + past, starts + length], axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(series.rows, length, axis=0)[starts]
    windows = np.moveaxis(windows, -1, 1)
    count = len(series.columns)
    features = {
        "past": Feature("array", (past, count)),
        "future": Feature("array", (future, count)),
    }
    arrays = {"past": windows[:, :past], "future": windows[:, past:]}
    return in_memory(
        f"series:{text}", features, arrays, (), series.columns, Windows(series.rows, spans)
    )


def read_series(path: Path, columns: tuple[str, ...] | None = None) -> Series:
    """The numeric columns of a CSV file over time.

    The first column holds times if it has ISO dates, or numbers and a name such as ``time`` or
    ``date``. A gap is an empty line, a missing value or time, or a time step that differs from the
    median step by more than half of it: months count as equal steps, a missing month is a gap.

    Args:
      path: path of the file.
      columns: the columns that a run was trained on; None: all.

    Raises:
      InputError: the file cannot be read, lacks a column, has a cell that is no number, or its
        times do not increase.
    """
    sheet = read_csv(path)
    first = sheet.columns[0]
    times = _times(sheet, first)
    broken = np.array([not row for row in sheet.rows])
    if columns is None:
        columns = sheet.columns[0 if times is None else 1 :]
    if not columns:
        raise InputError(f"data.source: {path} has no column besides {first!r}")
    rows = sheet.numbers(columns, gaps=True)
    if times is None:
        return Series(columns, rows, (), broken)
    given = ~np.isnan(times)
    broken |= ~given
    steps = np.diff(times[given])
    if (steps <= 0).any():
        lines = np.array(sheet.lines)[given]
        raise InputError(
            f"data.source: the times in column {first!r} of {path} do not increase in line"
            f" {lines[1 + int(np.argmax(steps <= 0))]}: sort the rows, each time once"
        )
    if len(steps):
        median = np.median(steps)
        broken[np.flatnonzero(given)[1:]] |= np.abs(steps - median) > median / 2
    times_written = tuple(row[0] if row else "" for row in sheet.rows)
    return Series(columns, rows, times_written, broken, first)


def _times(sheet: Sheet, column: str) -> Float64[np.ndarray, "rows"] | None:
    """Times in seconds (dates) or as given (numbers), NaN in empty rows; None without times."""
    cells = sheet.cells(column)
    if column.lower() in TIMES and all(number(cell) is not None for cell in cells):
        return sheet.numbers((column,), gaps=True)[:, 0]
    if number(cells[0]) is not None or _date(cells[0]) is None:
        return None
    dates = [_date(row[0]) if row else None for row in sheet.rows]
    for row, line, date in zip(sheet.rows, sheet.lines, dates, strict=True):
        if row and date is None:
            raise InputError(
                f"data.source: column {column!r} of {sheet.path} has {row[0]!r} in line {line},"
                " which is no ISO date such as 2024-01-31 12:00: correct it"
            )
    return np.array([np.nan if date is None else date.timestamp() for date in dates])


def _date(cell: str) -> datetime | None:
    """Parses an ISO date, in UTC if it has no time zone; None if it is no date."""
    try:
        date = datetime.fromisoformat(cell)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _following(dates: list[datetime], step: float, count: int) -> list[datetime]:
    """The next dates, ``step`` seconds apart, or whole months apart if all days of month agree."""
    months = round(step / _MONTH)
    for more in (timedelta(0), timedelta(days=1)):  # the same day, or the last day, of each month
        moved = [date + more for date in dates]
        if months and moved[0].day <= 28 and len({(d.day, d.timetz()) for d in moved}) == 1:
            last = moved[-1]
            places = [12 * last.year + last.month - 1 + k * months for k in range(1, count + 1)]
            return [last.replace(year=p // 12, month=p % 12 + 1) - more for p in places]
    return [dates[-1] + k * timedelta(seconds=step) for k in range(1, count + 1)]
