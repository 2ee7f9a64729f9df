"""Generative adversarial models as pure functions.

A training step is a value you compose:

    from jaxgan import chain, ema, minimize, on_last, scan_batches

    step = chain(scan_batches(minimize("critic", critic_loss, tx)),
                 on_last(minimize("generator", generator_loss, tx)),
                 ema("generator", 0.999))
"""

from jaxgan import algorithms, core, losses, nets
from jaxgan.core import (
    Algorithm,
    Aux,
    Player,
    TrainState,
    Update,
    advance,
    chain,
    create_pool,
    ema,
    every,
    minimize,
    on_last,
    on_pooled,
    scan_batches,
)

__all__ = [
    "Algorithm",
    "Aux",
    "Player",
    "TrainState",
    "Update",
    "advance",
    "algorithms",
    "chain",
    "core",
    "create_pool",
    "ema",
    "every",
    "losses",
    "minimize",
    "nets",
    "on_last",
    "on_pooled",
    "scan_batches",
]
