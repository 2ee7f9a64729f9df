"""All that changes during training, as one pytree of arrays."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct

from jaxgan.typing import Params, Variables


class Player(struct.PyTreeNode):
    """One network (or one image being optimised): arrays only."""

    variables: Variables
    """Linen variables; ``"params"`` is what :func:`jaxgan.core.minimize` updates."""
    opt_state: optax.OptState
    ema: Params | None = None
    """Exponential moving average of the parameters, where the algorithm keeps one."""

    @classmethod
    def create(
        cls, variables: Variables, tx: optax.GradientTransformation, ema: bool = False
    ) -> "Player":
        """A player at step 0: ``tx``'s first state, and the average started at the parameters."""
        params = variables["params"]
        average = jax.tree.map(jnp.array, params) if ema else None
        return cls(variables=variables, opt_state=tx.init(params), ema=average)

    @property
    def averaged(self) -> Variables:
        """The variables with the averaged parameters, or as they are where none is kept."""
        return self.variables if self.ema is None else {**self.variables, "params": self.ema}


class TrainState(struct.PyTreeNode):
    """All that changes: donated, sharded, saved and restored as one pytree."""

    step: Any  # an int32 scalar, or its shape under jax.eval_shape
    """Steps taken."""
    players: dict[str, Player]
    memory: Any  # a dict by name, or what a checkpointer puts in its place
    """What passes from step to step besides: image pools, running path length, fakes handed on."""

    @classmethod
    def create(
        cls, players: dict[str, Player], memory: dict[str, Any] | None = None
    ) -> "TrainState":
        """The state at step 0."""
        return cls(step=jnp.zeros((), jnp.int32), players=players, memory=memory or {})
