"""The contract: state, updates and how they compose."""

from jaxgan.core.algorithm import Algorithm, Spec, Translation, advance, several
from jaxgan.core.pool import create_pool, on_pooled, query
from jaxgan.core.state import Player, TrainState
from jaxgan.core.update import (
    Aux,
    Loss,
    Update,
    chain,
    ema,
    every,
    minimize,
    on_last,
    scan_batches,
)

__all__ = [
    "Algorithm",
    "Aux",
    "Loss",
    "Player",
    "Spec",
    "TrainState",
    "Translation",
    "Update",
    "advance",
    "chain",
    "create_pool",
    "ema",
    "every",
    "minimize",
    "on_last",
    "on_pooled",
    "query",
    "scan_batches",
    "several",
]
