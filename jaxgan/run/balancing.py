"""Oversampling: a conditional run generates the images that the rare classes of a data set lack."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from jaxgan.data.config import Data
from jaxgan.data.dataset import open_dataset
from jaxgan.errors import InputError
from jaxgan.measure.generated import classes_of, drawing_function
from jaxgan.run import files
from jaxgan.run.opened import Opened

TRAINING = "training"
"""Name that stands for the training part of the run's own data."""


class Balance(NamedTuple):
    """Images per class, and how many each class lacks compared with the largest."""

    names: tuple[str, ...]
    has: np.ndarray
    """Images of each class."""

    @property
    def lacks(self) -> np.ndarray:
        """Number of images to generate for each class."""
        return self.has.max() - self.has

    def __str__(self) -> str:
        lacks = [f"{name} {n}" for name, n in zip(self.names, self.lacks, strict=True) if n]
        return ", ".join(lacks) or "all classes are equal"


def fill_up(opened: Opened, source: str, out: Path, seed: int = 0) -> str:
    """Generates the images that each class lacks, as ``out/CLASS/generated-00000.png``.

    Args:
      opened: a conditional run.
      source: a folder with one subfolder per class, any labelled ``data.source``, or ``training``.
      out: a new folder.
      seed: the seed of the latent codes.

    Returns:
      What was written, in words.

    Raises:
      InputError: as :func:`balance`; or ``out`` is a file, or a folder that is not empty.
    """
    wanted = balance(opened, source)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"out: {out} is a file or holds files; name a new folder")
    todo = [(label, int(n)) for label, n in enumerate(wanted.lacks) if n]
    for label, n in tqdm(todo, unit="class", disable=len(todo) < 2):
        for i, image in enumerate(opened.sample(n, label, seed)):
            files.write_image(out / wanted.names[label] / f"generated-{i:05}.png", image)
    return f"{sum(n for _, n in todo)} images of step {opened.step} ({wanted})"


def balance(opened: Opened, source: str) -> Balance:
    """Counts the images that each class lacks, and checks that the run can generate them.

    Args:
      opened: a conditional run.
      source: a folder with one subfolder per class, any labelled ``data.source``, or ``training``.

    Raises:
      InputError: the run is unconditional, or the classes of the data are not those of the run.
    """
    classes = classes_of(drawing_function(opened.functions)[1], opened.spec.features)
    if not classes:
        raise InputError("balance: the run is not conditional, so it cannot draw a class")
    if source == TRAINING:
        data = opened.data
    else:
        data = Data(source=f"folder:{source}" if Path(source).is_dir() else source)
    whole = open_dataset(data)
    stream = next(iter(whole.streams.values()))
    labels = stream.source.labels
    if labels is None:
        raise InputError(f"balance: {source} has no classes; name a folder with one subfolder each")
    names = stream.source.class_names
    if len(names) != classes or (opened.class_names and names != opened.class_names):
        raise InputError(
            f"balance: {source} has the classes {_listed(names)}, and the run"
            f" {_listed(opened.class_names) or classes}; use data with the run's classes"
        )
    return Balance(names, np.bincount(labels[stream.train], minlength=classes))


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
