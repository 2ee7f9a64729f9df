"""The parts of a method that the training loop and the commands know."""

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
"""Dtype of a feature in a batch, by its kind."""


class Feature(NamedTuple):
    """One array of an example, and how it is treated."""

    kind: Kind
    """Kind of the feature. ``image``: bytes, resized and colour-augmented. ``mask``: class indices,
    cropped with the example's image and resized by nearest neighbour. ``label``: a class index.
    ``array``: floats, standardised."""
    shape: tuple[int, ...]
    """Shape of one example: (height, width, channels), (height, width), () or any."""
    classes: int = 0
    """Number of classes of a label or a mask."""
    stream: str = ""
    """Name of the stream that provides it. Features of different streams belong to different
    examples."""


class Spec(NamedTuple):
    """The problem that a method is built for: features of the data and length of the run."""

    features: Mapping[str, Feature]
    """Features by name: ``image`` and ``label``; ``a`` and ``b``; ``image`` and ``mask``; ..."""
    steps: int
    """Total number of training steps."""
    first: int = 0
    """Global step at which the leg begins."""
    horizon: int | None = None
    """Length of the learning rate schedule in steps; None: all steps."""

    @property
    def decay_steps(self) -> int:
        """Length of the learning rate schedule in steps; a run may be longer."""
        return self.steps if self.horizon is None else self.horizon

    def batch(self, size: int, batches_per_step: int = 1) -> dict[str, Array]:
        """A batch of zeros with the right shapes and dtypes: for tracing, benchmarks, dry runs."""
        lead = (batches_per_step, size) if batches_per_step > 1 else (size,)
        return {
            name: jnp.zeros((*lead, *feature.shape), DTYPES[feature.kind])
            for name, feature in self.features.items()
        }


class Code(NamedTuple):
    """A latent code of a function that draws samples."""

    draw: Callable[..., Any]
    """Function ``(variables by name, inputs, key) -> codes (n, size)``. It draws the codes that the
    sampling function would draw itself. That function also accepts codes as an input, by the code's
    name."""
    sphere: bool = False
    """Whether codes are N(0, 1), so that interpolation between two of them is spherical."""
    layers: int = 0
    """Number of layers that accept separate codes, given as (n, layers, size); 0: they accept
    none."""


class Function(NamedTuple):
    """A pure function that a trained run offers."""

    apply: Callable[..., Any]
    """Function ``(variables by name, inputs, key) -> outputs``: pure, for use under ``jax.jit``.

    ``inputs`` has an array for each name in ``takes``, with one row per example. Images are floats
    in [-1, 1]; everything else is as in a batch. A function that draws also gets ``inputs["n"]``, a
    Python int. Outputs are images in [-1, 1], class indices of a mask or, along a last axis,
    probabilities of its classes, probabilities of a label's classes, or floats."""
    takes: tuple[str, ...]
    """Names of the input features. With () or ("label",) the function draws samples; otherwise it
    maps examples."""
    gives: Feature
    """Feature that describes one output."""
    multiple: int = 1
    """Number that must divide the height and width of an input image. 0: the function accepts only
    the feature's own size. A function that gives neither images nor masks always gets that size."""
    scale: int = 1
    """Height and width of an output image, divided by those of the input image."""
    reach: int | None = None
    """Largest distance in pixels between an output pixel and an input pixel that affects it. Large
    images are processed in tiles that overlap by more. None: unlimited or unknown."""
    truncates: bool = False
    """Whether the function accepts ``inputs["truncation"]``, a non-negative float. It then draws
    from a truncated distribution: samples are better but less diverse."""
    codes: Mapping[str, Code] = {}
    """Latent codes by name, such as ``z``. A code in ``inputs`` under that name replaces the drawn
    one."""
    features: Mapping[str, Feature] = {}
    """Input features that the data lack, by name, such as the code of an image."""

    @property
    def draws(self) -> bool:
        """Whether the function draws samples; otherwise it maps examples."""
        return set(self.takes) <= {"label"}


class Frozen(NamedTuple):
    """Weights from a file that no update changes."""

    variables: Any
    """A pytree of arrays on the host."""
    file: str
    sha256: str
    """SHA-256 hash of the file. A run is resumed or opened only with the same weights."""


def show_nothing(variables: dict[str, Variables], batch: Batch, key: PRNGKey) -> dict[str, Array]:
    """An empty sheet, for a method that has nothing to show."""
    del variables, batch, key
    return {}


class Algorithm(NamedTuple):
    """A method as pure functions. ``init``, ``step``, ``show`` and ``measure`` run under jit."""

    init: Callable[[PRNGKey, Batch], TrainState]
    """Function ``(key, batch) -> state``, without the frozen weights."""
    step: Update
    """Update of one training step: ``(state, batch, key) -> (state, metrics)``."""
    functions: Mapping[str, Function]
    """Functions of a trained run, by name."""
    show: Callable[..., Any] = show_nothing
    """Function ``(variables by name, batch, key) -> {title: array}``: the columns of a sheet.

    (rows, h, w, c) is a column of images. (rows, columns, h, w, c) is a block of samples under one
    title ("" prints none); each row is a class if the method is conditional. (rows, length) is a
    column of curves. The batch is fixed and not augmented."""
    measure: Callable[..., Any] | None = None
    """Function ``(variables by name, batch, key) -> {name: accumulator}`` for held-out examples.
    Accumulators, such as :class:`jaxgan.metrics.Mean`, have ``merge`` and ``compute``."""
    batches_per_step: int = 1
    """Number of fresh batches per step. Above 1, it is the leading axis of the batch's leaves, and
    the step scans over them."""
    frozen: Mapping[str, Frozen] = {}
    """Weights that no update changes, by name."""


def several(step: Update, count: int) -> Update:
    """``count`` steps in one call; batch leaves and metrics have a leading axis of that length.

    All steps get the same root key, and the state passes from step to step, as in :func:`advance`.
    """

    def call(state: TrainState, batches: Batch, root: PRNGKey) -> tuple[TrainState, Metrics]:
        def body(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
            return step(state, batch, root)

        return jax.lax.scan(body, state, batches, length=count)

    return call


def advance(algorithm: Algorithm) -> Update:
    """One training step: runs the algorithm's step with ``fold_in(root, step)`` and counts it.

    The key depends only on the root key and the step, so no key is part of the checkpoint and a
    restart is exact. The metrics also get every player's ``{name}_param_norm``, which shows whether
    the run is healthy.
    """

    def step(state: TrainState, batch: Batch, root: PRNGKey) -> tuple[TrainState, Metrics]:
        new, metrics = algorithm.step(state, batch, jax.random.fold_in(root, state.step))
        norms = {
            f"{name}_param_norm": optax.tree.norm(player.variables["params"])
            for name, player in new.players.items()
        }
        return new.replace(step=state.step + 1, rows={}), {**metrics, **norms}

    return step
