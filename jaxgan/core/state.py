"""All that changes during training, as one pytree of arrays."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import struct

from jaxgan.typing import Variables

AVERAGED = ("params", "batch_stats")
"""The collections that an average is kept of: averaged parameters need averaged statistics."""


class Player(struct.PyTreeNode):
    """One network (or one image being optimised): arrays only."""

    variables: Variables
    """Linen variables; ``"params"`` is what :func:`jaxgan.core.minimize` updates."""
    opt_state: optax.OptState
    average: Any = None  # variables, or what JAX puts in their place
    """Moving average of the parameters and of the batch statistics; None: not kept."""

    @classmethod
    def create(
        cls, variables: Variables, tx: optax.GradientTransformation, average: bool = False
    ) -> "Player":
        """A player at step 0: ``tx``'s first state, and the average started at the variables."""
        kept = {name: variables[name] for name in AVERAGED if name in variables}
        copied = jax.tree.map(jnp.array, kept) if average else None
        return cls(variables=variables, opt_state=tx.init(variables["params"]), average=copied)

    @property
    def averaged(self) -> Variables:
        """The variables with the averages in their place; the variables themselves without any."""
        return self.variables if self.average is None else {**self.variables, **self.average}


class Given(NamedTuple):
    """All that a loss may read."""

    variables: dict[str, Variables]
    """The variables of every player, by name."""
    memory: Any
    frozen: Any
    """Weights that no update changes, by name; None where a method has none."""
    step: Any
    """Steps taken."""


class TrainState(struct.PyTreeNode):
    """All that changes: donated, sharded, saved and restored as one pytree."""

    step: Any  # an int32 scalar, or its shape under jax.eval_shape
    """Steps taken."""
    players: dict[str, Player]
    memory: Any = struct.field(default_factory=dict)
    """Arrays that pass from step to step besides: image pools, a running path length."""
    frozen: Any = None
    """Weights that no update changes: arguments of the compiled step, and in no checkpoint."""
    rows: dict[str, Any] = struct.field(default_factory=dict)
    """Arrays with a row an example that one update hands to the next; empty between steps."""
    clock: Any = None
    """The number of this call inside a scan over batches; None outside, where ``step`` counts."""

    @classmethod
    def create(
        cls, players: dict[str, Player], memory: dict[str, Any] | None = None, frozen: Any = None
    ) -> "TrainState":
        """The state at step 0."""
        return cls(jnp.zeros((), jnp.int32), players, memory or {}, frozen)

    @property
    def now(self) -> Any:
        """How often an update that is called in each slice of a step has been called."""
        return self.step if self.clock is None else self.clock

    @property
    def given(self) -> Given:
        """All that a loss may read."""
        variables = {name: player.variables for name, player in self.players.items()}
        return Given(variables, self.memory, self.frozen, self.step)

    def weights(self, averaged: bool = True) -> dict[str, Variables]:
        """Variables by player, averaged where an average is kept, and the frozen ones by name."""
        players = {
            name: player.averaged if averaged else player.variables
            for name, player in self.players.items()
        }
        return {**(self.frozen or {}), **players}

    def with_statistics(self, variables: dict[str, Variables]) -> "TrainState":
        """The state with new non-trainable collections of some players; parameters stay."""
        players = dict(self.players)
        for name, new in variables.items():
            own = {**players[name].variables, **new, "params": players[name].variables["params"]}
            players[name] = players[name].replace(variables=own)
        return self.replace(players=players)
