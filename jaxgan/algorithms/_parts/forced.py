"""Forced weight normalization: an optimizer's step that leaves the norm of weights as it is."""

from typing import Any

import flax.linen as nn
import jax
import optax

from jaxgan.nets.traits import keeps_magnitude
from jaxgan.ops.magnitude import renormalized


def forced(net: nn.Module, tx: optax.GradientTransformation) -> optax.GradientTransformation:
    """``tx``, which sets the normalized weights of a magnitude-preserving net back to their norm.

    Without it they grow with every step, and the effective learning rate falls.

    Args:
      net: the player's; any other kind leaves ``tx`` as it is.
      tx: the optimizer.

    Reference: Karras et al. 2024 (EDM2), section 2.3.
    """
    if not keeps_magnitude(net):
        return tx
    inner = optax.with_extra_args_support(tx)

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        updates, state = inner.update(updates, state, params, **extra)
        new = renormalized(optax.apply_updates(params, updates))
        return jax.tree.map(lambda after, before: after - before, new, params), state

    return optax.GradientTransformationExtraArgs(inner.init, update)
