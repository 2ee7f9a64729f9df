"""Tables with one row per example, numeric columns and an optional target."""

from pathlib import Path

import numpy as np
from jaxtyping import Float64

from jaxgan.core import Feature
from jaxgan.data.examples import Source, in_memory
from jaxgan.data.sources.csvfile import MISSING, Sheet, number, read_csv
from jaxgan.errors import InputError


def open_table(text: str, target: str | None = None) -> Source:
    """The rows of a CSV file: ``row`` with all columns but the target, and ``label`` or ``target``.

    A target column of integers or words becomes ``label``, with its sorted values as classes. A
    target column of floats becomes ``target``, a number to predict.

    Args:
      text: path of the file.
      target: name of the target column; None: no target.

    Raises:
      InputError: the file cannot be read, a cell is no number, or there is no such column.
    """
    sheet = read_csv(Path(text).expanduser())
    if target is not None and target not in sheet.columns:
        try:
            sheet.cells(target)
        except InputError as error:
            raise InputError(str(error).replace("data.source", "data.target", 1)) from None
    columns = tuple(name for name in sheet.columns if name != target)
    if not columns:
        raise InputError(f"data.target: {text} has no column besides {target!r}")
    features = {"row": Feature("array", (len(columns),))}
    arrays = {"row": sheet.numbers(columns, gaps=False)}
    class_names: tuple[str, ...] = ()
    if target is not None:
        cells = sheet.cells(target)
        classes = _classes(sheet, target, cells)
        if classes is None:
            features["target"] = Feature("array", ())
            arrays["target"] = sheet.numbers((target,), gaps=False)[:, 0]
        else:
            index = {cell: i for i, (_, cells) in enumerate(classes) for cell in cells}
            class_names = tuple(name for name, _ in classes)
            features["label"] = Feature("label", (), len(classes))
            arrays["label"] = np.array([index[cell] for cell in cells], np.int32)
    return in_memory(f"table:{text}", features, arrays, class_names, columns)


def read_rows(path: Path, columns: tuple[str, ...]) -> Float64[np.ndarray, "rows columns"]:
    """The rows of a CSV file, with the columns that a run was trained on, found by name.

    Raises:
      InputError: the file cannot be read, or lacks one of the columns.
    """
    return read_csv(path).numbers(columns, gaps=False)


def _classes(sheet: Sheet, target: str, cells: list[str]) -> list[tuple[str, set[str]]] | None:
    """The name and the spellings of each class, sorted; None if the cells are floats."""
    if any(cell.lower() in MISSING for cell in cells):
        sheet.numbers((target,), gaps=False)  # Raises.
    distinct = set(cells)
    try:
        numbers = {int(cell) for cell in distinct}
    except ValueError:
        if all(number(cell) is not None for cell in distinct):
            return None
        return [(cell, {cell}) for cell in sorted(distinct)]
    if len(numbers) > max(16, len(cells) // 2):
        raise InputError(
            f"data.target: {target!r} has {len(numbers)} different integers in {len(cells)} rows,"
            " too many for classes: write them with a decimal point, as numbers to be predicted"
        )
    return [(str(n), {cell for cell in distinct if int(cell) == n}) for n in sorted(numbers)]
