"""The one exception that stands for bad input."""


class InputError(ValueError):
    """Bad input: one line that names the field and what to change.

    The commands print it and exit with code 2; code that imports the library sees a ``ValueError``.
    """
