"""Images or points from a function that draws samples, chunk by chunk.

``sample`` writes them, and ``evaluate`` measures them.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import Int32, Shaped

from jaxgan.core import Feature, Function
from jaxgan.errors import InputError
from jaxgan.ops.pixels import to_uint8
from jaxgan.system.devices import Devices
from jaxgan.typing import PRNGKey, Variables

CHUNK = 64
"""Number of outputs drawn with one key."""

ChunkSampler = Callable[[Mapping[str, Variables], int], Shaped[np.ndarray, "_n *_shape"]]


def drawing_function(
    functions: Mapping[str, Function], kinds: tuple[str, ...] = ("image",)
) -> tuple[str, Function]:
    """The first function that draws images, or examples of other kinds, and its name.

    Raises:
      InputError: there is none; the message lists the functions.
    """
    for name, function in functions.items():
        if function.draws and function.gives.kind in kinds:
            return name, function
    raise InputError(f"run: {instead(functions)}")


def draws_images(functions: Mapping[str, Function]) -> bool:
    """Whether one of the functions draws images."""
    return any(f.draws and f.gives.kind == "image" for f in functions.values())


def instead(functions: Mapping[str, Function]) -> str:
    """A description of the functions of a run that draws no images."""
    named = f"function{'s' * (len(functions) > 1)} {', '.join(functions)}"
    if any(function.draws for function in functions.values()):
        return f"it draws no images; it has the {named}"
    if not functions:
        return "it draws nothing and has no functions"
    return f"it draws nothing; it has the apply {named}: use python -m jaxgan.apply"


def classes_of(function: Function, features: Mapping[str, Feature]) -> int:
    """The number of classes that condition a drawing function; 0: it takes no label."""
    return features["label"].classes if "label" in function.takes else 0


def generator(function: Function) -> Callable[..., jax.Array]:
    """Compiled ``(weights by name, labels, key) ->`` :data:`CHUNK` outputs; images as bytes."""

    def sample_chunk(
        weights: Mapping[str, Variables],
        labels: Int32[jax.Array, "n"],
        key: PRNGKey,
        truncation: Any = None,
    ) -> jax.Array:
        inputs: dict[str, Any] = {"n": CHUNK}
        if truncation is not None:
            inputs["truncation"] = truncation
        if "label" in function.takes:
            inputs["label"] = labels
        outputs = function.apply(weights, inputs, key)
        return to_uint8(outputs) if function.gives.kind == "image" else outputs

    return Devices(local=True).jit(sample_chunk)


def chunk_sampler(
    function: Function,
    classes: int = 0,
    seed: int = 0,
    label: int | None = None,
    sample_chunk: Callable[..., jax.Array] | None = None,
    truncation: float | None = None,
) -> ChunkSampler:
    """Function ``(weights by name, k) ->`` outputs ``64 k`` to ``64 k + 63``; images as bytes.

    Output i depends only on the seed, i and its label. Weights that
    ``Devices(local=True).everywhere`` has placed are used on all devices of this process.

    Args:
      function: a function that draws samples.
      classes: number of classes of its labels; see :func:`classes_of`.
      seed: seed of the latent codes.
      label: class of every output; None: all classes in turn.
      sample_chunk: result of :func:`generator`, to compile it only once for many seeds.
      truncation: truncation of the function's distribution, if it supports that; None: the full
        distribution.

    Raises:
      InputError: the function does not draw, the label is unknown, or it does not truncate.
    """
    if not function.draws:
        raise InputError(
            f"function: it takes {', '.join(function.takes)} and draws nothing: use python -m"
            " jaxgan.apply"
        )
    if label is not None and not 0 <= label < classes:
        known = f"0 to {classes - 1}" if classes else "none: it is not conditional"
        raise InputError(f"label: {label} is not a class of this run ({known})")

    if truncation is not None:
        _check_truncation(function, truncation)
    compiled = sample_chunk or generator(function)

    def sampler(weights: Mapping[str, Variables], chunk: int) -> np.ndarray:
        labels = labels_of(np.arange(chunk * CHUNK, (chunk + 1) * CHUNK), classes, label)
        key = jax.random.fold_in(jax.random.key(seed), chunk)
        return np.asarray(compiled(dict(weights), labels, key, truncation))

    return sampler


def _check_truncation(function: Function, truncation: float) -> None:
    if not function.truncates:
        raise InputError(
            f"truncation: {truncation}, and this run's function draws from its whole distribution"
            " alone: leave it out"
        )
    if not 0 <= truncation < float("inf"):
        raise InputError(f"truncation: {truncation} is not in [0, inf)")


def labels_of(places: np.ndarray, classes: int, label: int | None = None) -> Int32[np.ndarray, "n"]:
    """The labels of the images at some places: all classes in turn, or one class."""
    labels = (places % max(classes, 1)).astype(np.int32)
    return labels if label is None else np.full_like(labels, label)
