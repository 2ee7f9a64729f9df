"""The exceptions for bad input, and helpers for their messages."""

import difflib
from collections.abc import Iterable

LONGEST = 200
"""Largest length of a quoted line in an error message, in characters."""


class InputError(ValueError):
    """Bad input: one line that names the field and what to change.

    The commands print it and exit with code 2; code that imports the library sees a ``ValueError``.
    """


class NotFiniteError(InputError):
    """A loss or a player's parameters are no longer finite; an earlier checkpoint is usable."""


def first_line(error: object) -> str:
    """The first non-empty line of an exception's message, else the name of its type."""
    lines = (line.strip() for line in str(error).splitlines())
    return next((line[:LONGEST] for line in lines if line), type(error).__name__)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``"did you mean X? "``, or ``""`` if no known name is close to ``name``."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]}? " if close else ""
