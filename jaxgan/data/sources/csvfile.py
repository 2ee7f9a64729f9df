"""CSV files of numbers: a line of column names, then one row per example or point in time."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from jaxgan.errors import InputError, did_you_mean, first_line

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
"""Spellings of a missing value, in lower case."""


class Sheet(NamedTuple):
    """The cells of a CSV file."""

    path: Path
    columns: tuple[str, ...]
    lines: list[int]
    """Line number of each row in the file."""
    rows: list[list[str]]
    """Cells of each row; an empty list for an empty line."""

    def cells(self, column: str) -> list[str]:
        """The cells of a column, without empty rows.

        Raises:
          InputError: there is no such column.
        """
        if column not in self.columns:
            raise InputError(
                f"data.source: {self.path} has no column {column!r}:"
                f" {did_you_mean(column, self.columns)}it has {', '.join(self.columns)}"
            )
        place = self.columns.index(column)
        return [row[place] for row in self.rows if row]

    def numbers(self, columns: tuple[str, ...], gaps: bool) -> Float64[np.ndarray, "rows columns"]:
        """Columns as numbers; with ``gaps``, empty rows and missing values are NaN.

        Without ``gaps``, empty rows are left out.

        Raises:
          InputError: a cell is no finite number; without ``gaps``, a value is missing.
        """
        kept = [i for i, row in enumerate(self.rows) if row]
        lines = [self.lines[i] for i in kept]
        found = [_numbers(self.path, name, self.cells(name), lines, gaps) for name in columns]
        if not gaps:
            return np.stack(found, axis=1)
        out = np.full((len(self.rows), len(columns)), np.nan)
        out[kept] = np.stack(found, axis=1)
        return out


def read_csv(path: Path) -> Sheet:
    """Reads a CSV file with commas, semicolons or tabs as separators.

    Raises:
      InputError: no such file, no line of names, a row of the wrong length, or no rows.
    """
    if not path.is_file():
        raise InputError(f"data.source: there is no file {path}")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = file.readline()
            separator = max(",;\t", key=header.count)
            file.seek(0)
            reader = csv.reader(file, delimiter=separator, skipinitialspace=True)
            numbered = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"data.source: cannot read {path}: {first_line(error)}") from None
    while numbered and not any(numbered[-1][1]):
        numbered.pop()
    if not numbered or not any(numbered[0][1]):
        raise InputError(f"data.source: {path} has no column names in its first line: add them")
    columns = tuple(" ".join(name.split()) for name in numbered[0][1])
    _check_columns(path, columns)
    lines, rows = [line for line, _ in numbered[1:]], [row for _, row in numbered[1:]]
    for line, row in zip(lines, rows, strict=True):
        if row and len(row) != len(columns):
            raise InputError(
                f"data.source: {path} has {len(row)} cells in line {line} and {len(columns)} column"
                " names: repair the line"
            )
    if not any(rows):
        raise InputError(f"data.source: {path} has no rows below its column names")
    return Sheet(path, columns, lines, rows)


def _check_columns(path: Path, columns: tuple[str, ...]) -> None:
    if all(number(name) is not None for name in columns):
        raise InputError(
            f"data.source: the first line of {path} has numbers only: add a line of column names"
        )
    for i, name in enumerate(columns):
        if not name:
            raise InputError(
                f"data.source: column {i + 1} of {path} has no name: name it, or take it away if it"
                " only counts the rows"
            )
        if name in columns[:i]:
            raise InputError(f"data.source: {path} has two columns named {name!r}: rename one")


def _numbers(
    path: Path, name: str, cells: list[str], lines: list[int], gaps: bool
) -> Float64[np.ndarray, "rows"]:
    missing = np.array([cell.lower() in MISSING for cell in cells])
    if missing.any() and not gaps:
        line = lines[int(np.argmax(missing))]
        raise InputError(
            f"data.source: column {name!r} of {path} has no value in line {line}, and"
            f" {missing.sum()} missing in all: fill them in, or take away the rows or the column"
        )
    out = np.full(len(cells), np.nan)
    for i in np.flatnonzero(~missing):
        value = number(cells[i])
        if value is None or not np.isfinite(value):
            raise InputError(
                f"data.source: column {name!r} of {path} has {cells[i]!r} in line {lines[i]}, which"
                " is no finite number: take the column away, or write numbers in its place"
            )
        out[i] = value
    return out


def number(cell: str) -> float | None:
    """The number in a cell; None if it holds no number."""
    try:
        return float(cell)
    except ValueError:
        return None
