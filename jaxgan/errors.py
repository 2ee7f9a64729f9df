"""The exceptions that stand for bad input, and for a run that it has broken."""


class InputError(ValueError):
    """Bad input: one line that names the field and what to change.

    The commands print it and exit with code 2; code that imports the library sees a ``ValueError``.
    """


class NotFiniteError(InputError):
    """A loss or a player's parameters are no longer finite; a checkpoint of before is."""
