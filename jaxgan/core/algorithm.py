"""All that the training loop and the commands know of a method."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array

from jaxgan.core.state import TrainState
from jaxgan.core.update import Update
from jaxgan.typing import Batch, Metrics, PRNGKey, Variables

Kind = Literal["image", "mask", "label", "array"]

DTYPES = {"image": jnp.uint8, "mask": jnp.uint8, "label": jnp.int32, "array": jnp.float32}
"""The type of a feature in a batch, by its kind."""


class Feature(NamedTuple):
    """One array of an example, and how it is treated."""

    kind: Kind
    """``image``: bytes, resized and coloured. ``mask``: class indices, resized by nearest neighbour
    in the window of the example's image. ``label``: a class. ``array``: floats, standardised."""
    shape: tuple[int, ...]
    """Shape of one example: (height, width, channels), (height, width), () or any."""
    classes: int = 0
    """Number of classes of a label or a mask."""
    stream: str = ""
    """The stream that gives it: features of two streams belong to different examples."""


class Spec(NamedTuple):
    """The problem that a method is built for: features of the data and length of the run."""

    features: Mapping[str, Feature]
    """By name: ``image`` and ``label``; ``a`` and ``b``; ``image`` and ``mask``; ..."""
    steps: int
    """Training steps in all."""
    first: int = 0
    """The global step that the leg begins with."""
    horizon: int | None = None
    """Steps over which a learning rate follows its schedule; None: all."""

    @property
    def decay_steps(self) -> int:
        """Steps over which a learning rate follows its schedule: a run may be longer."""
        return self.steps if self.horizon is None else self.horizon

    def batch(self, size: int, batches_per_step: int = 1) -> dict[str, Array]:
        """A batch of zeros of the right shapes and types, for shapes, benchmarks and dry runs."""
        lead = (batches_per_step, size) if batches_per_step > 1 else (size,)
        return {
            name: jnp.zeros((*lead, *feature.shape), DTYPES[feature.kind])
            for name, feature in self.features.items()
        }


class Code(NamedTuple):
    """Latent codes that a function that draws makes its samples of."""

    draw: Callable[..., Any]
    """``(variables by name, inputs, key) -> codes (n, size)``: those that the function itself draws
    of these arguments, and takes as an input by the name of the code."""
    sphere: bool = False
    """Codes are N(0, 1): a path between two of them goes along a sphere."""
    layers: int = 0
    """Layers that can have a code each: codes (n, layers, size) stand in too. 0: they cannot."""


class Function(NamedTuple):
    """A pure function that a trained run offers."""

    apply: Callable[..., Any]
    """``(variables by name, inputs, key) -> outputs``: pure, for use under ``jax.jit``.

    ``inputs`` has an array for each name in ``takes``, with a row an example: images as floats in
    [-1, 1], all else as in a batch. A function that draws is given ``inputs["n"]`` too, a Python
    int. Outputs: images in [-1, 1], class indices of a mask or, along a last axis, probabilities of
    its classes, probabilities of a label's classes, or floats."""
    takes: tuple[str, ...]
    """Names of features. () or ("label",): the function draws samples. Others: it maps examples."""
    gives: Feature
    """Feature that one output is."""
    multiple: int = 1
    """Divides the sides of an image that the function takes; 0: it takes the size of the feature
    alone. A function that gives neither images nor masks is always given that size."""
    scale: int = 1
    """Sides of an image that the function gives, over those of the image that it takes."""
    reach: int | None = None
    """Pixels from a pixel of the image that it takes to the farthest one that the output there
    depends on: large images go through in tiles that overlap by more. None: all others, or
    unknown."""
    truncates: bool = False
    """Whether it draws from a truncated distribution, fewer kinds of samples and better ones, where
    it is given ``inputs["truncation"]``, a float that is not negative."""
    codes: Mapping[str, Code] = {}
    """Latent codes by name, that of ``inputs`` by which they stand in for drawn ones: ``z``."""
    features: Mapping[str, Feature] = {}
    """Features by name that it takes and the data lack, such as the code of an image."""

    @property
    def draws(self) -> bool:
        """Whether it draws samples; else it maps examples."""
        return set(self.takes) <= {"label"}


class Frozen(NamedTuple):
    """Weights from a file, which no update changes."""

    variables: Any
    """A pytree of arrays on the host."""
    file: str
    sha256: str
    """Hash of the file: a run is resumed and opened with the same weights or not at all."""


def show_nothing(variables: dict[str, Variables], batch: Batch, key: PRNGKey) -> dict[str, Array]:
    """The sheet of a method that has nothing to show."""
    del variables, batch, key
    return {}


class Algorithm(NamedTuple):
    """A method: pure functions. ``init``, ``step``, ``show`` and ``measure`` run under jit."""

    init: Callable[[PRNGKey, Batch], TrainState]
    """``(key, batch) -> state``, without the frozen weights."""
    step: Update
    """``(state, batch, key) -> (state, metrics)``."""
    functions: Mapping[str, Function]
    """Functions of a trained run, by name."""
    show: Callable[..., Any] = show_nothing
    """``(variables by name, batch, key) -> {title: array}``: the columns of a sheet.

    (rows, h, w, c) is a column of images, (rows, columns, h, w, c) a block of samples under one
    title ("" writes none), a row a class where the method is conditional; (rows, length) is a
    column of curves. The batch is a fixed one, without augmentation."""
    measure: Callable[..., Any] | None = None
    """``(variables by name, batch, key) -> {name: accumulator}`` of held-out examples, such as
    :class:`jaxgan.metrics.Mean`; accumulators have ``merge`` and ``compute``."""
    batches_per_step: int = 1
    """Above 1, the leaves of a step's batch have this leading axis: fresh batches for a scan."""
    frozen: Mapping[str, Frozen] = {}
    """Weights that no update changes, by name."""


def several(step: Update, count: int) -> Update:
    """``count`` steps in one call; the batch's leaves and the metrics have that leading axis.

    The root key and all of the state go through the steps, as in :func:`advance`.
    """

    def call(state: TrainState, batches: Batch, root: PRNGKey) -> tuple[TrainState, Metrics]:
        def body(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
            return step(state, batch, root)

        return jax.lax.scan(body, state, batches, length=count)

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
        return new.replace(step=state.step + 1, rows={}), {**metrics, **norms}

    return step
