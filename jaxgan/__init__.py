"""Generative adversarial models as pure functions.

A training step is a value you compose:

    from jaxgan import chain, ema, minimize, on_last, scan_batches

    step = chain(scan_batches(5, minimize("critic", critic_loss, tx)),
                 on_last(5, minimize("generator", generator_loss, tx)),
                 ema("generator", 0.999))
"""

import importlib
from typing import Any

from jaxgan.core import (
    Algorithm,
    Aux,
    Feature,
    Frozen,
    Function,
    Given,
    Leg,
    Player,
    Spec,
    TrainState,
    Update,
    advance,
    apply_gradients,
    chain,
    create_pool,
    ema,
    every,
    minimize,
    on_last,
    on_pooled,
    scan_batches,
)

__version__ = "0.1.0"

_ROOMS = ("algorithms", "core", "losses", "metrics", "nets", "train")
"""Modules that are imported on first use."""


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"jaxgan.{name}")
    if name == "load":
        from jaxgan.run.opened import load

        return load
    raise AttributeError(f"module 'jaxgan' has no attribute {name!r}")


__all__ = [
    "Algorithm",
    "Aux",
    "Feature",
    "Frozen",
    "Function",
    "Given",
    "Leg",
    "Player",
    "Spec",
    "TrainState",
    "Update",
    "advance",
    "apply_gradients",
    "chain",
    "create_pool",
    "ema",
    "every",
    "minimize",
    "on_last",
    "on_pooled",
    "scan_batches",
]
