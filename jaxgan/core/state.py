"""Everything that changes during training, as one pytree of arrays."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import struct

from jaxgan.typing import Variables

AVERAGED = ("params", "batch_stats")
"""Collections that are averaged: averaged parameters need averaged batch statistics."""


class Player(struct.PyTreeNode):
    """One network (or one image being optimised): arrays only."""

    variables: Variables
    """Linen variables; :func:`jaxgan.core.minimize` updates ``"params"``."""
    opt_state: optax.OptState
    average: Any = None  # variables, or what JAX puts in their place
    """Moving average of the parameters and of the batch statistics; None: not kept."""

    @classmethod
    def create(
        cls, variables: Variables, tx: optax.GradientTransformation, average: bool = False
    ) -> "Player":
        """A player at step 0: the first state of ``tx`` and, if asked for, an average.

        The average starts at the variables.
        """
        kept = {name: variables[name] for name in AVERAGED if name in variables}
        copied = jax.tree.map(jnp.array, kept) if average else None
        return cls(variables=variables, opt_state=tx.init(variables["params"]), average=copied)

    @property
    def averaged(self) -> Variables:
        """The variables, with averages in place of the current values if an average is kept."""
        return self.variables if self.average is None else {**self.variables, **self.average}


class Given(NamedTuple):
    """Everything that a loss may read."""

    variables: dict[str, Variables]
    """Variables of every player, by name."""
    memory: Any
    frozen: Any
    """Weights that no update changes, by name; None if the method has none."""
    step: Any
    """Number of steps taken."""


class TrainState(struct.PyTreeNode):
    """The state of training, donated, sharded, saved and restored as one pytree."""

    step: Any  # an int32 scalar, or its shape under jax.eval_shape
    """Number of steps taken."""
    players: dict[str, Player]
    memory: Any = struct.field(default_factory=dict)
    """Other arrays carried from step to step: image pools, a running path length."""
    frozen: Any = None
    """Weights that no update changes: arguments of the compiled step, and not in checkpoints."""
    rows: dict[str, Any] = struct.field(default_factory=dict)
    """Arrays with one row per example that one update passes to the next; empty between steps."""
    clock: Any = None
    """Index of this call inside a scan over batches; None outside, where ``step`` counts calls."""

    @classmethod
    def create(
        cls, players: dict[str, Player], memory: dict[str, Any] | None = None, frozen: Any = None
    ) -> "TrainState":
        """The state at step 0."""
        return cls(jnp.zeros((), jnp.int32), players, memory or {}, frozen)

    @property
    def now(self) -> Any:
        """The number of earlier calls of an update that runs once for each batch of a step."""
        return self.step if self.clock is None else self.clock

    @property
    def given(self) -> Given:
        """Everything that a loss may read."""
        variables = {name: player.variables for name, player in self.players.items()}
        return Given(variables, self.memory, self.frozen, self.step)

    def weights(self, averaged: bool = True) -> dict[str, Variables]:
        """Variables by player, averaged if asked for and kept, and frozen weights by name."""
        players = {
            name: player.averaged if averaged else player.variables
            for name, player in self.players.items()
        }
        return {**(self.frozen or {}), **players}

    def with_statistics(self, variables: dict[str, Variables]) -> "TrainState":
        """The state with new non-trainable collections of some players and the same parameters."""
        players = dict(self.players)
        for name, new in variables.items():
            own = {**players[name].variables, **new, "params": players[name].variables["params"]}
            players[name] = players[name].replace(variables=own)
        return self.replace(players=players)
