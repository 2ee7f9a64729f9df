"""Images from a generator, chunk by chunk: what ``sample`` writes and ``evaluate`` measures."""

from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Int32, UInt8

from jaxgan.core import Algorithm
from jaxgan.errors import InputError
from jaxgan.ops.pixels import to_uint8
from jaxgan.system.devices import Devices
from jaxgan.typing import PRNGKey, Variables

CHUNK = 64
"""Images that one key draws."""

Draw = Callable[[dict[str, Variables], int], UInt8[np.ndarray, "_n _height _width _channels"]]


def drawer(algorithm: Algorithm, seed: int = 0, label: int | None = None) -> Draw:
    """``(variables by player, k) ->`` images ``64 k`` to ``64 k + 63``, as bytes.

    Image i depends on the seed, i and its label alone. Variables that are placed by
    ``Devices(local=True).everywhere`` are used on all of this process's devices.

    Args:
      algorithm: one that samples.
      seed: of the latent codes.
      label: the class of every image; None: every class in turn.

    Raises:
      InputError: for a run that translates, or a label that it does not know.
    """
    if algorithm.translation:
        raise InputError(
            "run: this run translates images: use python -m jaxgan.translate, whose folder"
            " python -m jaxgan.evaluate compares with another one"
        )
    classes = algorithm.num_classes
    if label is not None and not 0 <= label < classes:
        known = f"0 to {classes - 1}" if classes else "none: it is not conditional"
        raise InputError(f"label: {label} is not a class of this run ({known})")

    def generate(
        variables: dict[str, Variables], labels: Int32[jax.Array, "n"], key: PRNGKey
    ) -> jax.Array:
        return to_uint8(algorithm.predict(variables, {"label": labels}, key))

    compiled = Devices(local=True).jit(generate)

    def draw(variables: dict[str, Variables], chunk: int) -> np.ndarray:
        labels = labels_of(np.arange(chunk * CHUNK, (chunk + 1) * CHUNK), classes, label)
        key = jax.random.fold_in(jax.random.key(seed), chunk)
        return np.asarray(compiled(variables, labels, key))

    return draw


def labels_of(places: np.ndarray, classes: int, label: int | None = None) -> Int32[np.ndarray, "n"]:
    """The labels of the images at some places: every class in turn, or one."""
    labels = (places % max(classes, 1)).astype(np.int32)
    return labels if label is None else np.full_like(labels, label)
