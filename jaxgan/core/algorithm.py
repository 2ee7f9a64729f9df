"""All that the one training loop knows of a method."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array

from jaxgan.core.state import TrainState
from jaxgan.core.update import Update
from jaxgan.typing import Batch, Metrics, PRNGKey


class Spec(NamedTuple):
    """What a method is built for: the data's shape and the length of the run."""

    image_shape: tuple[int, int, int]
    """(height, width, channels)."""
    num_classes: int
    """0 where the data has no labels."""
    steps: int
    """Training steps in all, the horizon of learning-rate decay."""
    images: tuple[str, ...] = ("image",)
    """Names of the arrays of images in a batch: ``("a", "b")`` for two domains."""
    paired: bool = False
    """Whether image i of domain a and image i of domain b show the same."""

    def batch(self, size: int, batches_per_step: int = 1) -> dict[str, Array]:
        """A black batch of the right shape, for shapes, synthetic benchmarks and dry runs."""
        lead = (batches_per_step, size) if batches_per_step > 1 else (size,)
        batch = {name: jnp.zeros((*lead, *self.image_shape), jnp.uint8) for name in self.images}
        return {**batch, "label": jnp.zeros(lead, jnp.int32)} if self.num_classes else batch


class Translation(NamedTuple):
    """What an algorithm that translates images between the domains a and b can do."""

    directions: tuple[str, ...]
    """``predict`` maps ``{"a": images}`` to domain b where ``ab`` is one, ``{"b": images}`` to a
    where ``ba`` is."""
    multiple: int
    """What divides the sides of an image that its generators take."""


class Algorithm(NamedTuple):
    """A method: three pure functions. ``init`` and ``step`` run under ``jax.jit``."""

    init: Callable[[PRNGKey, Batch], TrainState]
    """``(key, batch) -> state``."""
    step: Update
    """``(state, batch, key) -> (state, metrics)``."""
    predict: Callable[..., Any]
    """``(variables by player, inputs, key) -> outputs``: sample, translate, reconstruct, ..."""
    preview: Callable[..., Any]
    """``(variables by player, batch, key) -> images (rows, columns, h, w, c)``: a sample sheet."""
    batches_per_step: int = 1
    """Above 1, the leaves of a step's batch have this leading axis: fresh batches for a scan."""
    num_classes: int = 0
    """Labels that ``predict`` understands; 0 where it takes none."""
    titles: tuple[str, ...] = ()
    """Of the columns of ``preview``; () shows none."""
    translation: Translation | None = None
    """Of an image-to-image method; None of one that samples."""


def several(step: Update, count: int, stacked: bool = True) -> Update:
    """``count`` steps in one call; metrics get a leading axis of that length.

    Args:
      step: the root key and all of the state go through it, as in :func:`advance`.
      count: how many.
      stacked: the batch's leaves have a leading axis of steps, or are the same for all.
    """

    def call(state: TrainState, batch: Batch, root: PRNGKey) -> tuple[TrainState, Metrics]:
        def body(state: TrainState, item: Batch | None) -> tuple[TrainState, Metrics]:
            return step(state, batch if item is None else item, root)

        return jax.lax.scan(body, state, batch if stacked else None, length=count)

    return call


def advance(algorithm: Algorithm) -> Update:
    """One whole training step: the algorithm's, with the root key folded and the step counted.

    Randomness is ``fold_in(root, step)``, so no key is part of the checkpoint and a restart is
    exact. Every player's ``{name}_param_norm`` joins the metrics: what a run's health is judged by.
    """

    def step(state: TrainState, batch: Batch, root: PRNGKey) -> tuple[TrainState, Metrics]:
        new, metrics = algorithm.step(state, batch, jax.random.fold_in(root, state.step))
        norms = {
            f"{name}_param_norm": optax.tree.norm(player.variables["params"])
            for name, player in new.players.items()
        }
        return new.replace(step=state.step + 1), {**metrics, **norms}

    return step
