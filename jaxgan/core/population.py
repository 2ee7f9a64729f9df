"""K runs as one program: every array of their states has a leading member axis.

All members have the same step number. So an update that runs only at some steps (``every``) remains
a real branch, where only one side runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from jaxgan.core.algorithm import Algorithm, advance
from jaxgan.core.merged import merged
from jaxgan.core.state import TrainState
from jaxgan.core.update import Update
from jaxgan.typing import Batch, Metrics, PRNGKey

_AXES = (None, 0, 0, None, 0, None)
"""Member axis of each part of a state; the step, the frozen weights and the clock have none."""


@dataclass(frozen=True)
class Population:
    """Members that are trained together, one per seed or one per value of a field."""

    size: int
    """Number K of members."""
    algorithms: Sequence[Algorithm]
    """One algorithm for all members, or one per member; these differ only in numbers."""
    one_order: bool = False
    """Whether all members have the same seed. They then share their batches, which have no member
    axis."""

    def over(
        self, make: Callable[[Algorithm], Callable[..., Any]], in_axes: Any, out_axes: Any
    ) -> Callable[..., Any]:
        """``make(algorithm)`` of all members at once.

        Args:
          make: maps a member's algorithm to a pure function.
          in_axes: member axis of each argument, as in ``jax.vmap``.
          out_axes: member axis of each result.
        """
        functions = [make(algorithm) for algorithm in self.algorithms]

        def one(member: Any, *args: Any) -> Any:
            if len(functions) == 1:
                return functions[0](*args)
            return merged(functions, member)(*args)

        mapped = jax.vmap(one, (0, *in_axes), out_axes)
        return lambda *args: mapped(jnp.arange(self.size), *args)

    @property
    def batch_axis(self) -> int | None:
        """Member axis of a batch or of its plan; None: the members share it."""
        return None if self.one_order else 0

    def init(self, keys: Key[Array, "K"], batch: Batch) -> TrainState:
        """The state at step 0, from a key and a first batch for each member."""

        def make(algorithm: Algorithm) -> Callable[..., Any]:
            return lambda key, batch: _parts(algorithm.init(key, batch))

        return TrainState(*self.over(make, (0, self.batch_axis), _AXES)(keys, batch))

    def step(
        self,
        make: Callable[[Algorithm], Update] = advance,
        steps_per_call: int = 1,
        feed_axes: Any = 0,
    ) -> Update:
        """``(state, feed, root keys (K,)) -> (state, metrics)`` for all members.

        Metrics have shape (K,), or (steps, K) with several steps per call.

        Args:
          make: maps a member's algorithm to its call.
          steps_per_call: number of steps in a call.
          feed_axes: member axis of ``feed``.
        """
        axes = (_AXES, int(steps_per_call > 1))

        def made(algorithm: Algorithm) -> Callable[..., Any]:
            own = make(algorithm)

            def call(state: TrainState, feed: Any, root: PRNGKey) -> tuple[Any, Metrics]:
                state, metrics = own(state, feed, root)
                return _parts(state), metrics

            return call

        every = self.of_states(made, (feed_axes, 0), axes)

        def step(state: TrainState, feed: Any, roots: Any) -> tuple[TrainState, Metrics]:
            parts, metrics = every(state, feed, roots)
            return TrainState(*parts), metrics

        return step

    def of_states(
        self, make: Callable[[Algorithm], Callable[..., Any]], in_axes: Any, out_axes: Any = 0
    ) -> Callable[..., Any]:
        """As :meth:`over`, for functions whose first argument is a state.

        Args:
          make: maps a member's algorithm to a pure function ``(state, *others) -> arrays``.
          in_axes: member axis of each of the other arguments.
          out_axes: member axis of each result.
        """

        def made(algorithm: Algorithm) -> Callable[..., Any]:
            function = make(algorithm)
            return lambda parts, *others: function(TrainState(*parts), *others)

        mapped = self.over(made, (_AXES, *in_axes), out_axes)
        return lambda state, *others: mapped(_parts(state), *others)


def _parts(state: TrainState) -> tuple[Any, ...]:
    return state.step, state.players, state.memory, state.frozen, state.rows, state.clock


def stacked(trees: Sequence[Any], stack: Callable[..., Any] = jnp.stack) -> Any:
    """The trees of all members, stacked along a leading axis."""
    return jax.tree.map(lambda *leaves: stack(leaves), *trees)


def shapes_of(like: TrainState, size: int) -> TrainState:
    """Shapes of the state of ``size`` members, from the state of one."""

    def several(x: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((size, *x.shape), x.dtype)

    players, memory = jax.tree.map(several, (like.players, like.memory))
    return like.replace(players=players, memory=memory)


def member_of(state: TrainState, member: int) -> TrainState:
    """The state of one member."""
    own = [jax.tree.map(lambda x: x[member], part) for part in (state.players, state.memory)]
    return state.replace(players=own[0], memory=own[1])
