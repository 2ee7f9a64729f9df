"""The exceptions that stand for bad input, and the words of an error message."""

import difflib
from collections.abc import Iterable

LONGEST = 200
"""Characters of one line of an error message, at most."""


class InputError(ValueError):
    """Bad input: one line that names the field and what to change.

    The commands print it and exit with code 2; code that imports the library sees a ``ValueError``.
    """


class NotFiniteError(InputError):
    """A loss or a player's parameters are no longer finite; an earlier checkpoint still is."""


def first_line(error: object) -> str:
    """The first line of an exception's message that is not empty, else the exception's type."""
    lines = (line.strip() for line in str(error).splitlines())
    return next((line[:LONGEST] for line in lines if line), type(error).__name__)


def nearest(name: str, known: Iterable[str]) -> str:
    """``"did you mean X? "``, or ``""`` when no known name is close to ``name``."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]}? " if close else ""
