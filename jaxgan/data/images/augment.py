"""Carries out a batch's plan on arrays: of NumPy on the host, or of JAX in a compiled program.

Both use the same code and integer arithmetic, so they give the same bytes.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import jax
import numpy as np

from jaxgan.core import Feature
from jaxgan.data.images.colour import jittered
from jaxgan.data.images.resize import offset

Arrays: TypeAlias = Any
"""Arrays of NumPy or JAX."""

Plan: TypeAlias = Mapping[str, Arrays]
"""Random choices for a batch of one stream: see :data:`jaxgan.data.order.Plan`."""


def carried_out(
    examples: Mapping[str, Arrays],
    plan: Mapping[str, Plan],
    features: Mapping[str, Feature],
    jitter: float,
) -> dict[str, Arrays]:
    """The batch of a plan, from the arrays of all training examples.

    Args:
      examples: one array per feature; images are larger than a window if crops are random.
      plan: the plan of each stream.
      features: the features of the batch.
      jitter: strength of the colour jitter.
    """
    batch = {}
    for name, feature in features.items():
        own = plan[feature.stream]
        chosen = _chosen(examples[name], own, feature)
        batch[name] = augmented(chosen, own, feature, jitter)
    return batch


def augmented(array: Arrays, plan: Plan, feature: Feature, jitter: float) -> Arrays:
    """Flips images and masks, and jitters the colours of images; labels and arrays are unchanged.

    Args:
      array: (..., *feature.shape), already cropped.
      plan: may have ``flip`` (...) and ``jitter`` (..., 3).
      feature: the feature that the array holds.
      jitter: strength of the colour jitter.
    """
    if feature.kind not in ("image", "mask"):
        return array
    if "flip" in plan:
        xp, flip, lead = array.__array_namespace__(), plan["flip"], plan["flip"].ndim
        flip = flip.reshape(*flip.shape, *(1,) * (array.ndim - lead))
        array = xp.where(flip, xp.flip(array, lead + 1), array)
    if "jitter" in plan and feature.kind == "image":
        array = jittered(array, plan["jitter"], jitter)
    return array


def _chosen(array: Arrays, plan: Plan, feature: Feature) -> Arrays:
    """The rows at ``index``; images and masks with random crops are cropped too."""
    index = plan["index"]
    if feature.kind not in ("image", "mask") or "y" not in plan:
        on_host = isinstance(array, np.ndarray)
        return array[index] if on_host else array.at[index].get(mode="promise_in_bounds")
    size = feature.shape[0]
    top, left = (offset(plan[k], array.shape[i] - size) for k, i in (("y", 1), ("x", 2)))
    windows = _host_windows if isinstance(array, np.ndarray) else _device_windows
    return windows(array, index, top, left, size)


def _host_windows(array: Arrays, index: Arrays, top: Arrays, left: Arrays, size: int) -> Arrays:
    out = np.empty((index.size, size, size, *array.shape[3:]), array.dtype)
    for k, (i, y, x) in enumerate(zip(index.ravel(), top.ravel(), left.ravel(), strict=True)):
        out[k] = array[i, y : y + size, x : x + size]
    return out.reshape(*index.shape, *out.shape[1:])


def _device_windows(array: Arrays, index: Arrays, top: Arrays, left: Arrays, size: int) -> Arrays:
    rest = array.shape[3:]

    def window(i: Arrays, y: Arrays, x: Arrays) -> Arrays:
        start = (i, y, x, *(np.int32(0) for _ in rest))
        return jax.lax.dynamic_slice(array, start, (1, size, size, *rest))[0]

    for _ in range(index.ndim):
        window = jax.vmap(window)
    return window(index, top, left)
