"""Checks that the data have the features that a method learns from."""

from jaxgan.core import Feature, Spec
from jaxgan.errors import InputError

_SOURCES = {
    "image": "digits, idx:PATH, npz:PATH, folder:PATH or tfds:NAME",
    "label": "data with classes, such as digits or a folder with subfolders",
    "a": "unpaired:PATH_A,PATH_B, paired:PATH_A,PATH_B or photos",
    "b": "unpaired:PATH_A,PATH_B, paired:PATH_A,PATH_B or photos",
    "point": "points:ring, points:grid or points:line",
    "mask": "masks:IMAGES,MASKS or digits_on_photos",
    "row": "table:FILE.csv or breast_cancer",
    "target": "table:FILE.csv with data.target",
    "past": "series:FILE.csv",
    "future": "series:FILE.csv",
}
"""Sources by the feature that they provide."""


def needs(spec: Spec, *names: str) -> tuple[Feature, ...]:
    """The features with the given names.

    Raises:
      InputError: the data lacks one of them.
    """
    for name in names:
        if name not in spec.features:
            has = " and ".join(spec.features) or "nothing"
            hint = f"; use {_SOURCES[name]}" if name in _SOURCES else ""
            raise InputError(
                f"data.source: it gives {has}, and this method learns from"
                f" {' and '.join(names)}{hint}"
            )
    return tuple(spec.features[name] for name in names)


def check_pairs(spec: Spec, a: str, b: str) -> None:
    """Raises InputError if two features come from different streams and so form no pairs."""
    if spec.features[a].stream != spec.features[b].stream:
        raise InputError(
            f"data.source: this method learns from pairs, and {a} and {b} of this data have nothing"
            " to do with each other; use paired:PATH_A,PATH_B, or the algorithm CycleGAN"
        )


def check_above(least: int, **fields: float | int) -> None:
    """Raises InputError for a field of the algorithm below ``least``."""
    for name, value in fields.items():
        if not value >= least:
            raise InputError(f"algorithm.{name}: {value} is below {least}")


def check_decay(ema_decay: float) -> None:
    """Raises InputError for a decay of an average outside [0, 1)."""
    if not 0 <= ema_decay < 1:
        raise InputError(f"algorithm.ema_decay: {ema_decay} is not in [0, 1); 0 keeps no average")
