"""Flags that all actions share."""

from dataclasses import dataclass
from typing import Annotated

import tyro


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The run and its codes."""

    run: Annotated[str, tyro.conf.Positional]
    """Run directory."""
    code: str | None = None
    """Name of the codes, such as z or w; None: the last one that the run has."""
    label: int | None = None
    """Class of all images; None: class 0."""
    member: int = 0
    """Index of the member, for a run that trained several."""
    ema: bool = True
    """Averaged weights, if the run keeps them."""
    best: bool = False
    """The run's best checkpoint, not its newest."""
    config: str | None = None
    """Config file, for a run with nets that are not jaxgan's own."""
