"""The contract: features, state, updates and how they compose, methods and their legs."""

from jaxgan.core.algorithm import (
    Algorithm,
    Code,
    Feature,
    Frozen,
    Function,
    Spec,
    advance,
    several,
    show_nothing,
)
from jaxgan.core.leg import Leg, by_name
from jaxgan.core.pool import create_pool, on_pooled, query
from jaxgan.core.state import Given, Player, TrainState
from jaxgan.core.update import (
    Aux,
    Loss,
    Schedule,
    Update,
    apply_gradients,
    chain,
    ema,
    every,
    minimize,
    on_first,
    on_last,
    scan_batches,
    with_aux,
)

__all__ = [
    "Algorithm",
    "Aux",
    "Code",
    "Feature",
    "Frozen",
    "Function",
    "Given",
    "Leg",
    "Loss",
    "Player",
    "Schedule",
    "Spec",
    "TrainState",
    "Update",
    "advance",
    "apply_gradients",
    "by_name",
    "chain",
    "create_pool",
    "ema",
    "every",
    "minimize",
    "on_first",
    "on_last",
    "on_pooled",
    "query",
    "scan_batches",
    "several",
    "show_nothing",
    "with_aux",
]
