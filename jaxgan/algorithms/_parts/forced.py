"""Forced weight normalization: an optimizer step that keeps the norm of the weights."""

from typing import Any

import flax.linen as nn
import jax
import optax

from jaxgan.nets.traits import keeps_magnitude
from jaxgan.ops.magnitude import renormalized


def forced(net: nn.Module, tx: optax.GradientTransformation) -> optax.GradientTransformation:
    """``tx`` followed by a projection of a magnitude-preserving net's weights back to their norm.

    Without it the normalized weights grow with every step, and the effective learning rate falls.

    Args:
      net: the player's net; for any other kind of net ``tx`` is returned unchanged.
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
